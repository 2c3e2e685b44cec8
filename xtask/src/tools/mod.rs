//! The tools that the commands need, kept per user outside the clone and keyed by version.
//!
//! A second clone finds them; an interrupted installation is not taken for a finished one;
//! two that install at once wait for each other.

pub(crate) mod apt;
pub(crate) mod binaryen;
pub(crate) mod browser;
pub(crate) mod cargo_deny;
pub(crate) mod cargo_install;
pub(crate) mod curl;
pub(crate) mod kosoku;
pub(crate) mod node_packages;
pub(crate) mod schemathesis;
pub(crate) mod strace;
pub(crate) mod trunk;
pub(crate) mod valgrind;
pub(crate) mod venv;
pub(crate) mod wasm_bindgen;
pub(crate) mod wasm_target;
pub(crate) mod websockets;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::process;

/// Returns the folder of a tool, and fills it first if that has not been done.
///
/// `key` names tool and version. `why` is told to the person who waits.
pub(crate) fn ensure(
    key: &str,
    why: &str,
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    ensure_in(&cache()?, key, why, install)
}

fn ensure_in(
    cache: &Path,
    key: &str,
    why: &str,
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let home = cache.join(key);
    if finished(&home) {
        return Ok(home);
    }
    fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
    // Held until the end of this function, and let go of by the system if we are killed.
    let _lock = lock(&cache.join(format!("{key}.lock")), key)?;
    if finished(&home) {
        return Ok(home);
    }
    process::still_wanted()?;
    if home.exists() {
        fs::remove_dir_all(&home).with_context(|| format!("cannot clear {}", home.display()))?;
    }
    fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
    eprintln!("==> installing {key}: {why}");
    let started = Instant::now();
    install(&home).with_context(|| format!("cannot install {key}"))?;
    // Written last: a folder without it is an installation that was interrupted.
    File::create(home.join(FINISHED)).context("cannot mark the tool as installed")?;
    eprintln!(
        "==> installed {key} in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    Ok(home)
}

/// Whether the tool of this key is ready to be used.
pub(crate) fn is_installed(key: &str) -> bool {
    cache().is_ok_and(|cache| finished(&cache.join(key)))
}

fn finished(home: &Path) -> bool {
    home.join(FINISHED).exists()
}

const FINISHED: &str = ".installed";

fn lock(path: &Path, key: &str) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => eprintln!("==> waiting: {key} is being installed"),
        Err(TryLockError::Error(error)) => return Err(error).context("cannot lock the tool cache"),
    }
    file.lock().context("cannot lock the tool cache")?;
    Ok(file)
}

/// `$TRUNKLINE_TOOLS`, or `trunkline-tools` among the user's caches.
fn cache() -> Result<PathBuf> {
    let dir = |name: &str| {
        std::env::var_os(name)
            .filter(|it| !it.is_empty())
            .map(PathBuf::from)
    };
    let tools = dir("TRUNKLINE_TOOLS")
        .or_else(|| Some(dir("XDG_CACHE_HOME")?.join("trunkline-tools")))
        .or_else(|| Some(std::env::home_dir()?.join(".cache").join("trunkline-tools")))
        .context("no home folder to keep tools in: set TRUNKLINE_TOOLS to a folder")?;
    std::path::absolute(&tools).with_context(|| format!("no such folder: {}", tools.display()))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn an_interrupted_installation_starts_over() {
        let cache = tempfile::tempdir().expect("a folder");
        let interrupted = ensure_in(cache.path(), "tool-1", "test", |home| {
            fs::write(home.join("half"), "")?;
            bail!("interrupted")
        });
        assert!(interrupted.is_err());
        let home = ensure_in(cache.path(), "tool-1", "test", |home| {
            assert!(!home.join("half").exists(), "starts with an empty folder");
            Ok(fs::write(home.join("whole"), "")?)
        });
        assert!(home.expect("installed").join("whole").exists());
    }

    #[test]
    fn what_is_installed_is_not_installed_again() {
        let cache = tempfile::tempdir().expect("a folder");
        ensure_in(cache.path(), "tool-1", "test", |_| Ok(())).expect("installed");
        ensure_in(cache.path(), "tool-1", "test", |_| bail!("again")).expect("found");
        assert!(ensure_in(cache.path(), "tool-2", "test", |_| bail!("another version")).is_err());
    }
}
