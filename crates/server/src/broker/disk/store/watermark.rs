//! The watermark: a file beside the store with the number of its last commit.
//!
//! A store that is behind it has lost commits that were acknowledged. It is also what tells a store
//! from a copy of one: the store remembers which file this was, by its number in the file system
//! and the time of its birth, and a copy that was put in its place has others. Every opening makes
//! the file anew, so that an older store whose files were written over the newer ones in place
//! does not find the file that it knows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use trunkline_hub::Watermark as Promised;

use super::fault::Result;
use super::files::sync_name;

/// The bytes of a file: the number, and a checksum over it.
const LEN: usize = 12;

/// The bytes of a file that was written before there was a checksum.
const OLD_LEN: usize = 8;

#[derive(Debug)]
pub(super) struct Watermark {
    file: File,
}

/// The watermark of a store.
pub(super) fn path_of(store: &Path) -> PathBuf {
    store.with_extension("watermark")
}

/// The name of the file that is about to take the place of a watermark.
fn next_path(store: &Path) -> PathBuf {
    store.with_extension("watermark-next")
}

impl Watermark {
    /// Opens the file, or makes it.
    pub(super) fn open(store: &Path) -> Result<(Self, Promised)> {
        let path = path_of(store);
        let is_there = path.try_exists()?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        let promised = if is_there {
            read(&mut file)?
        } else {
            Promised::Missing
        };
        if !is_there {
            file.sync_all()?;
            sync_name(&path)?;
        }
        Ok((Self { file }, promised))
    }

    /// Notes a commit. Not synced: after a loss of power it may be old, which promises less than
    /// there is.
    pub(super) fn write(&mut self, commits: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&encode(commits))
    }

    /// Makes the file that is to take the place of this one. None where files have no identity.
    pub(super) fn successor(&self, store: &Path) -> io::Result<Option<Self>> {
        if self.identity()?.is_none() {
            return Ok(None);
        }
        let path = next_path(store);
        // A crash has left it.
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result?,
        }
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(path)?;
        Ok(Some(Self { file }))
    }

    /// Puts the successor in the place of this file. The store knows both by now.
    pub(super) fn succeed(&mut self, next: Self, store: &Path, commits: u64) -> io::Result<()> {
        let mut next = next;
        next.write(commits)?;
        next.sync()?;
        fs::rename(next_path(store), path_of(store))?;
        sync_name(store)?;
        *self = next;
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// A number that a copy of this file has not. None where the file system tells nothing that a
    /// copy would not have, too.
    pub(super) fn identity(&self) -> io::Result<Option<u64>> {
        let metadata = self.file.metadata()?;
        let born = metadata.created().ok();
        let born = born.and_then(|born| born.duration_since(std::time::UNIX_EPOCH).ok());
        let born = born.map_or(0, |born| born.as_nanos() as u64);
        Ok(number_of(&metadata).map(|number| number.rotate_left(32) ^ born))
    }
}

#[cfg(unix)]
fn number_of(metadata: &std::fs::Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

#[cfg(not(unix))]
fn number_of(_metadata: &std::fs::Metadata) -> Option<u64> {
    None
}

fn encode(commits: u64) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    bytes[..8].copy_from_slice(&commits.to_le_bytes());
    let sum = crc32fast::hash(&bytes[..8]);
    bytes[8..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn read(file: &mut File) -> Result<Promised> {
    let mut bytes = Vec::new();
    file.take(64).read_to_end(&mut bytes)?;
    let Some(number) = bytes.first_chunk::<8>() else {
        return Ok(Promised::Damaged);
    };
    let number = u64::from_le_bytes(*number);
    let is_right = bytes.len() == OLD_LEN || bytes == encode(number);
    Ok(if is_right {
        Promised::Commits(number)
    } else {
        Promised::Damaged
    })
}
