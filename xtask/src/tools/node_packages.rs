//! Packages for Node, exactly those of a lock file: servers to compare with, judges of descriptions.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::apt;
use crate::fingerprint::Fingerprint;
use crate::process;

/// Returns the folder whose `node_modules` has exactly the packages of `folder`'s lock file. Their
/// installation scripts do not run; programs that are not JavaScript are packages for each
/// platform.
pub(crate) fn ensure(folder: &Path, name: &str, why: &str) -> Result<PathBuf> {
    let mut locked = Fingerprint::new();
    for name in FILES {
        locked.add_file(folder, &folder.join(name))?;
    }
    let key = format!("{name}-{}", locked.finish());
    super::ensure(&key, why, |home| {
        for name in FILES {
            fs::copy(folder.join(name), home.join(name))
                .with_context(|| format!("cannot copy {name}"))?;
        }
        let mut npm = process::command("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(home);
        process::run_aside("npm", &mut npm, &home.join("install.log"))
    })
}

/// Returns the folder of what judges the descriptions in `schema/`, for which node is installed
/// where it is missing and may be.
pub(crate) fn ensure_judges(root: &Path) -> Result<PathBuf> {
    let why = "they judge the descriptions in schema/";
    if process::find("npm").is_none() && apt::may_install() {
        apt::install(&["nodejs", "npm"], why)?;
    }
    ensure(&root.join("tests/node"), "tests-node", why)
        .context("the tests of the descriptions need Node 18 or later with npm")
}

const FILES: [&str; 2] = ["package.json", "package-lock.json"];
