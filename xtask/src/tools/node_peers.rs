//! The JavaScript servers that the benchmarks compare with: Bun, and packages for Node.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fingerprint::Fingerprint;
use crate::process;

/// Returns the folder whose `node_modules` has exactly the packages of `folder`'s lock file. Their
/// installation scripts do not run; Bun's program is a package for each platform.
pub(crate) fn ensure(folder: &Path) -> Result<PathBuf> {
    let mut locked = Fingerprint::new();
    for name in FILES {
        locked.add_file(folder, &folder.join(name))?;
    }
    let key = format!("bench-peers-{}", locked.finish());
    super::ensure(&key, "the benchmarks compare with them", |home| {
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

const FILES: [&str; 2] = ["package.json", "package-lock.json"];
