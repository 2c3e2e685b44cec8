//! Snapshots of a data folder, which are put back into the same folder.
//!
//! A copy of a store is noticed as one, also if its files are written over those of the newer store.
//! So a snapshot that is to be the same store keeps a link to the watermark's file.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

const WATERMARK: &str = "history.watermark";

pub(super) struct Snapshot {
    files: Vec<(PathBuf, Vec<u8>)>,
    /// A folder with another link to the watermark's file, if there was one.
    links: TempDir,
}

impl Snapshot {
    /// Reads everything in a folder. Zeros at the end of journals are left out: they are room.
    pub(super) fn take(folder: &Path) -> Self {
        let mut files = Vec::new();
        collect(folder, folder, &mut files);
        files.sort();
        let links = TempDir::new().expect("a folder for the test");
        let watermark = folder.join(WATERMARK);
        if watermark.exists() {
            fs::hard_link(watermark, links.path().join(WATERMARK)).expect("a link");
        }
        Self { files, links }
    }

    /// Makes the folder what it was, as a snapshot of the whole file system does: with the same
    /// file as its watermark.
    pub(super) fn put_back_as_it_was(&self, folder: &Path) {
        let watermark = folder.join(WATERMARK);
        let _ = fs::remove_file(&watermark);
        fs::hard_link(self.links.path().join(WATERMARK), watermark).expect("a link");
        self.put_back(folder);
    }

    /// The files that the store is made of, by their names in the folder.
    pub(super) fn files(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        let files = self.files.iter();
        files.map(|(name, bytes)| (name.as_path(), &bytes[..]))
    }

    /// Writes the files over those that are there, as an operator does with a backup.
    pub(super) fn put_back(&self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("a folder of the test") {
            let path = entry.expect("a folder of the test").path();
            if path.is_dir() {
                fs::remove_dir_all(&path).expect("a disk");
            }
        }
        for (name, bytes) in &self.files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a disk");
            fs::write(path, bytes).expect("a disk");
        }
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder of the test") {
        let path = entry.expect("a folder of the test").path();
        if path.is_dir() {
            collect(root, &path, files);
            continue;
        }
        let mut bytes = fs::read(&path).expect("a file of the test");
        if path.extension().is_some_and(|extension| extension == "jnl") {
            let used = bytes.iter().rposition(|byte| *byte != 0);
            bytes.truncate(used.map_or(0, |used| used + 1));
        }
        let name = path.strip_prefix(root).expect("a file in the folder");
        files.push((name.to_owned(), bytes));
    }
}
