//! Writes the descriptions, or tells which of them are not as the types are:
//! `trunkline-schema write|check FOLDER`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use trunkline_schema::files;

fn main() -> ExitCode {
    match perform() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(task), Some(folder)) = (arguments.next(), arguments.next().map(PathBuf::from)) else {
        bail!("usage: trunkline-schema write|check FOLDER");
    };
    match task.as_str() {
        "write" => write(&folder),
        "check" => check(&folder),
        other => bail!("unknown task {other:?}, expected write or check"),
    }
}

fn write(folder: &Path) -> Result<()> {
    for file in files() {
        let path = folder.join(file.name);
        fs::write(&path, file.text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn check(folder: &Path) -> Result<()> {
    let stale: Vec<_> = files()
        .into_iter()
        .filter(|file| fs::read_to_string(folder.join(file.name)).ok().as_ref() != Some(&file.text))
        .map(|file| format!("{}/{}", folder.display(), file.name))
        .collect();
    ensure!(
        stale.is_empty(),
        "not as the types in crates/protocol are: {}. Run `cargo xtask schema`, and look at what \
         has changed: people without Rust rely on it",
        stale.join(", ")
    );
    Ok(())
}
