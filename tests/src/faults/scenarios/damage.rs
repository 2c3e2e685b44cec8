//! Damage: changes files of a store in the ways of a disk.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::faults::chance::Chance;
use crate::faults::process::Launch;

/// Lists files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // A crash may have come before it was made.
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Lists all files of a history, with its watermark.
pub(super) fn all(launch: &Launch) -> Result<Vec<PathBuf>> {
    let mut found = files(&launch.history())?;
    found.push(watermark(launch));
    Ok(found)
}

/// Lists table files of events and message ids.
pub(super) fn tables(launch: &Launch) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for keyspace in ["3", "4"] {
        found.extend(files(
            &launch
                .history()
                .join("keyspaces")
                .join(keyspace)
                .join("tables"),
        )?);
    }
    Ok(found)
}

/// Lists journals, oldest first.
pub(super) fn journals(launch: &Launch) -> Result<Vec<PathBuf>> {
    let mut found = files(&launch.history())?;
    found.retain(|path| path.extension().is_some_and(|it| it == "jnl"));
    found.sort_by_key(|path| {
        let stem = path.file_stem().and_then(|it| it.to_str());
        stem.and_then(|it| it.parse::<u64>().ok())
    });
    Ok(found)
}

pub(super) fn watermark(launch: &Launch) -> PathBuf {
    launch.data.join("history.watermark")
}

/// Returns the length of a file without the zeros at its end, which are room for more.
fn used(path: &Path) -> Result<u64> {
    let bytes = fs::read(path)?;
    let last = bytes.iter().rposition(|byte| *byte != 0);
    Ok(last.map_or(0, |last| last as u64 + 1))
}

/// Flips a bit of one of the files, in place. Returns which, if one has any bytes.
pub(super) fn flip(files: &[PathBuf], chance: &mut Chance) -> Result<Option<String>> {
    let Some(path) = chance.pick(files) else {
        return Ok(None);
    };
    let len = used(path)?;
    if len == 0 {
        return Ok(None);
    }
    let (at, bit) = (chance.below(len), chance.below(8));
    let byte = fs::read(path)?[at as usize] ^ (1 << bit);
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&[byte])?;
    Ok(Some(format!(
        "bit {bit} of byte {at} of {len} of {}",
        path.display()
    )))
}

/// Cuts one of the files.
pub(super) fn cut(files: &[PathBuf], chance: &mut Chance) -> Result<Option<String>> {
    let Some(path) = chance.pick(files) else {
        return Ok(None);
    };
    let len = chance.below(used(path)?);
    OpenOptions::new().write(true).open(path)?.set_len(len)?;
    Ok(Some(format!("{} cut to {len} bytes", path.display())))
}

/// Deletes one of the files.
pub(super) fn delete(files: &[PathBuf], chance: &mut Chance) -> Result<Option<String>> {
    let path = chance.pick(files).context("a file")?;
    fs::remove_file(path)?;
    Ok(Some(format!("{} deleted", path.display())))
}

/// Cuts the newest journal that has something, and deletes the watermark.
pub(super) fn cut_tail(launch: &Launch, chance: &mut Chance) -> Result<Option<String>> {
    let mut full = Vec::new();
    for path in journals(launch)? {
        if used(&path)? > 0 {
            full.push(path);
        }
    }
    let Some(path) = full.last() else {
        return Ok(None);
    };
    let cut = cut(std::slice::from_ref(path), chance)?;
    fs::remove_file(watermark(launch))?;
    Ok(cut.map(|cut| format!("{cut}, and the watermark deleted")))
}
