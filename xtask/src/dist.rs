//! Brings `web/dist` in line with a new build, and touches only what differs.
//!
//! The server embeds the folder: a file that is written again would compile the server again.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::fingerprint::files_below;

/// Makes `dist` equal to `stage` and returns how many files it had to write or remove.
pub(crate) fn sync(stage: &Path, dist: &Path) -> Result<usize> {
    let mut changes = 0;
    for file in files_below(stage, &[])? {
        let target = dist.join(file.strip_prefix(stage).unwrap_or(&file));
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        if fs::read(&target).is_ok_and(|old| old == bytes) {
            continue;
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&target, bytes).with_context(|| format!("cannot write {}", target.display()))?;
        changes += 1;
    }
    for file in files_below(dist, &[])? {
        if !stage
            .join(file.strip_prefix(dist).unwrap_or(&file))
            .exists()
        {
            fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
            changes += 1;
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_differences_are_written() {
        let dir = tempfile::tempdir().expect("a folder");
        let (stage, dist) = (dir.path().join("stage"), dir.path().join("dist"));
        fs::create_dir_all(stage.join("img")).expect("a folder");
        fs::write(stage.join("index.html"), "one").expect("a file");
        fs::write(stage.join("img/logo.svg"), "logo").expect("a file");
        assert_eq!(sync(&stage, &dist).expect("synced"), 2);
        assert_eq!(sync(&stage, &dist).expect("synced"), 0);

        fs::write(stage.join("index.html"), "two").expect("a file");
        fs::remove_file(stage.join("img/logo.svg")).expect("removed");
        assert_eq!(sync(&stage, &dist).expect("synced"), 2);
        assert_eq!(
            fs::read_to_string(dist.join("index.html")).expect("a page"),
            "two"
        );
        assert!(!dist.join("img/logo.svg").exists());
    }
}
