//! A short number that changes when files do: when one is edited, added, removed or renamed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Adds up names and contents. Not for secrets: it only has to notice edits.
#[derive(Clone, Debug)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// Starts with nothing.
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a text, kept apart from the one before and after.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.mix(bytes.len() as u64);
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.mix(u64::from_le_bytes(
                chunk.try_into().expect("chunks of eight"),
            ));
        }
        for byte in chunks.remainder() {
            self.mix(u64::from(*byte));
        }
    }

    /// Adds a file by its name below `root` and by what is in it.
    pub(crate) fn add_file(&mut self, root: &Path, file: &Path) -> Result<()> {
        let name = file.strip_prefix(root).unwrap_or(file);
        self.add(name.to_string_lossy().as_bytes());
        self.add(&fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
        Ok(())
    }

    /// The number, as text for a file name or a note.
    pub(crate) fn finish(&self) -> String {
        format!("{:016x}", self.0)
    }

    fn mix(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        self.0 ^= self.0 >> 29;
    }
}

/// Lists the files below a folder in a fixed order, without folders of these names.
/// A folder that does not exist has none.
pub(crate) fn files_below(dir: &Path, skip: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        if !dir.is_dir() {
            continue;
        }
        let entries =
            fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))?;
        for entry in entries {
            let path = entry
                .with_context(|| format!("cannot list {}", dir.display()))?
                .path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if !path.is_dir() {
                found.push(path);
            } else if !skip.contains(&name.as_str()) {
                open.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> String {
        let mut fingerprint = Fingerprint::new();
        for text in texts {
            fingerprint.add(text.as_bytes());
        }
        fingerprint.finish()
    }

    #[test]
    fn every_byte_counts_and_so_do_the_borders() {
        assert_eq!(of(&["a page", "a style"]), of(&["a page", "a style"]));
        assert_ne!(of(&["a page"]), of(&["a pagf"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["12345678"]), of(&["12345679"]));
        assert_ne!(of(&[]), of(&[""]));
    }

    #[test]
    fn a_removed_file_is_noticed() {
        let dir = tempfile::tempdir().expect("a folder");
        let all = || {
            let mut fingerprint = Fingerprint::new();
            for file in files_below(dir.path(), &["dist"]).expect("a list") {
                fingerprint.add_file(dir.path(), &file).expect("a file");
            }
            fingerprint.finish()
        };
        fs::create_dir_all(dir.path().join("src")).expect("a folder");
        fs::write(dir.path().join("src/a.rs"), "a").expect("a file");
        let before = all();
        fs::write(dir.path().join("src/b.rs"), "").expect("a file");
        assert_ne!(all(), before);
        fs::remove_file(dir.path().join("src/b.rs")).expect("removed");
        assert_eq!(all(), before);
        fs::create_dir_all(dir.path().join("dist")).expect("a folder");
        fs::write(dir.path().join("dist/out.js"), "x").expect("a file");
        assert_eq!(all(), before, "what is built does not count");
    }
}
