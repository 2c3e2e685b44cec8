//! Versions that are written in two places must agree.

use anyhow::Result;

use crate::lockfile::Lockfile;
use crate::workspace::Workspace;

/// The web app and the tool that finishes its WASM must come from the same wasm-bindgen.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let lockfile = Lockfile::read(&workspace.root)?;
    let tool = &workspace.package("wasm-bindgen-tool")?.version;
    let mut complaints = Vec::new();
    for name in ["wasm-bindgen", "wasm-bindgen-cli"] {
        let locked = lockfile.version(name)?;
        if locked != tool {
            complaints.push(format!(
                "Cargo.lock has {name} {locked}, xtask/wasm-bindgen has version {tool}"
            ));
        }
    }
    Ok(complaints)
}
