//! wasm-opt, which makes the web app's WASM smaller. It comes as JavaScript, so it needs node.

use std::path::PathBuf;

use anyhow::Result;

use crate::process;

/// Returns the folder with `wasm-opt`, or nothing where node is missing: the app is then larger.
pub(crate) fn ensure() -> Result<Option<PathBuf>> {
    if let Some(dir) = on_path() {
        return Ok(Some(dir));
    }
    let (Some(npm), Some(_)) = (process::find("npm"), process::find("node")) else {
        eprintln!(
            "warning: without node and npm there is no wasm-opt and no brotli: the web app gets larger"
        );
        return Ok(None);
    };
    let key = format!("binaryen-{VERSION}");
    let home = super::ensure(&key, "its wasm-opt makes the web app smaller", |home| {
        let mut install = process::command(&npm);
        install
            .args([
                "install",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--no-save",
            ])
            .arg("--prefix")
            .arg(home)
            .arg(format!("binaryen@{VERSION}"))
            .current_dir(home);
        process::run_aside("binaryen", &mut install, &home.join("install.log"))
    })?;
    Ok(Some(home.join("node_modules").join(".bin")))
}

const VERSION: &str = "132.0.0";

/// Older ones write WASM that does not start, or cannot read what our rustc writes.
const VERSION_MIN: u32 = 123;

fn on_path() -> Option<PathBuf> {
    let program = process::find("wasm-opt")?;
    let told = process::probe(process::command(&program).arg("--version"))?;
    (version(&told)? >= VERSION_MIN).then(|| program.parent().map(PathBuf::from))?
}

fn version(told: &str) -> Option<u32> {
    told.split_whitespace().find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_first_number_told() {
        assert_eq!(version("wasm-opt version 132 (version_132)\n"), Some(132));
        assert_eq!(version("wasm-opt version 108\n"), Some(108));
        assert_eq!(version("no such thing"), None);
    }
}
