//! Python environments of their own, each with one package and what it needs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::apt;
use crate::process;

/// Returns the folder with the programs of an environment that has `package` in this version.
pub(crate) fn ensure(package: &str, version: &str, why: &str) -> Result<PathBuf> {
    let key = format!("{package}-{version}");
    let home = super::ensure(&key, why, |home| {
        make(home, why).context(
            "this needs Python 3.10 or later with its venv module \
             (Debian: `apt-get install python3-venv`)",
        )?;
        let mut pip = process::command(home.join("venv/bin/pip"));
        pip.args(["install", "--disable-pip-version-check", "--no-input"])
            .arg(format!("{package}=={version}"));
        process::run_aside(package, &mut pip, &home.join("install.log"))
    })?;
    Ok(home.join("venv/bin"))
}

fn make(home: &Path, why: &str) -> Result<()> {
    let venv = || {
        let mut python = process::command("python3");
        python.args(["-m", "venv"]).arg(home.join("venv"));
        process::run_aside("python3 -m venv", &mut python, &home.join("venv.log"))
    };
    match venv() {
        Err(_) if apt::may_install() => {
            apt::install(&["python3", "python3-venv"], why)?;
            venv()
        }
        result => result,
    }
}
