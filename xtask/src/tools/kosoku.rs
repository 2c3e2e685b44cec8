//! kosoku, which runs the WebSocket conformance suite (Autobahn's cases).

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::apt;
use crate::process;

const VERSION: &str = "0.1.0";

/// Returns the program, in a Python environment of its own.
pub(crate) fn ensure() -> Result<PathBuf> {
    let key = format!("kosoku-{VERSION}");
    let home = super::ensure(&key, "it runs the WebSocket conformance suite", |home| {
        make_venv(home).context(
            "the conformance suite needs Python 3.10 or later with its venv module \
             (Debian: `apt-get install python3-venv`)",
        )?;
        let mut pip = process::command(home.join("venv/bin/pip"));
        pip.args(["install", "--disable-pip-version-check", "--no-input"])
            .arg(format!("kosoku=={VERSION}"));
        process::run_aside("kosoku", &mut pip, &home.join("install.log"))
    })?;
    Ok(home.join("venv/bin/kosoku"))
}

fn make_venv(home: &Path) -> Result<()> {
    let venv = || {
        let mut python = process::command("python3");
        python.args(["-m", "venv"]).arg(home.join("venv"));
        process::run_aside("python3 -m venv", &mut python, &home.join("venv.log"))
    };
    match venv() {
        Err(_) if apt::may_install() => {
            apt::install(
                &["python3", "python3-venv"],
                "the conformance suite is in Python",
            )?;
            venv()
        }
        result => result,
    }
}
