//! The key that guests are signed with, kept in the data folder.
//!
//! Whoever reads it can be anyone. Whoever removes it signs everybody out, which is also how to
//! rotate it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, anyhow};

/// The file's name in the data folder.
const NAME: &str = "guest.key";

/// 32 random bytes. Its `Debug` does not show them.
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// Reads the key of a data folder, or makes one.
pub(super) fn load_or_create(data: &Path) -> anyhow::Result<Key> {
    let path = data.join(NAME);
    let name = path.display();
    match read(&path) {
        Ok(key) => return key,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {name}")),
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("cannot get randomness: {error}"))?;
    match create(data, &path, &bytes) {
        Ok(()) => Ok(Key::from_bytes(bytes)),
        // Another process was faster: its key is the key.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(&path).with_context(|| format!("cannot read {name}"))?
        }
        Err(error) => Err(error).with_context(|| format!("cannot create {name}")),
    }
}

fn read(path: &Path) -> io::Result<anyhow::Result<Key>> {
    let bytes = fs::read(path)?;
    warn_if_others_may_read(path);
    Ok(match <[u8; 32]>::try_from(bytes) {
        Ok(bytes) => Ok(Key::from_bytes(bytes)),
        Err(bytes) => Err(anyhow!(
            "{}: expected a key of 32 bytes, found {}; restore the file, or remove it to sign \
             all guests out",
            path.display(),
            bytes.len()
        )),
    })
}

/// Writes the whole key beside its place, then gives it its name: no one ever reads half a key,
/// and a name that exists is not taken over.
fn create(data: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = data.join(format!("{NAME}.new-{}", std::process::id()));
    // A crash at this point in an earlier life of our process id.
    let _ = fs::remove_file(&temporary);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    let named = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&temporary, path))
        .or_else(|error| match error.kind() {
            ErrorKind::AlreadyExists => Err(error),
            // Some file systems have no links. There, the last of two first starts wins.
            _ => fs::rename(&temporary, path),
        });
    let _ = fs::remove_file(&temporary);
    named?;
    // Makes the name durable too; where folders cannot be synced, it is as good as it gets.
    let _ = File::open(data).and_then(|folder| folder.sync_all());
    Ok(())
}

#[cfg(unix)]
fn warn_if_others_may_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;

    if let Ok(metadata) = fs::metadata(path)
        && metadata.permissions().mode() & 0o077 != 0
    {
        let path = path.display();
        tracing::warn!(%path, "other users of this machine may read the key, run chmod 600 on it");
    }
}

#[cfg(not(unix))]
fn warn_if_others_may_read(_path: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_a_restart() {
        let data = tempfile::tempdir().expect("a folder for the test");
        let first = load_or_create(data.path()).expect("a new key");
        let second = load_or_create(data.path()).expect("the same key");
        assert_eq!(first.bytes(), second.bytes());
        assert_ne!(first.bytes(), &[0; 32]);
        let names = fs::read_dir(data.path()).expect("a folder").count();
        assert_eq!(names, 1, "nothing is left beside the key");
    }

    #[test]
    fn two_folders_have_two_keys() {
        let data = [(); 2].map(|()| tempfile::tempdir().expect("a folder for the test"));
        let keys = data
            .each_ref()
            .map(|data| load_or_create(data.path()).expect("a new key"));
        assert_ne!(keys[0].bytes(), keys[1].bytes());
    }

    #[cfg(unix)]
    #[test]
    fn a_new_key_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;

        let data = tempfile::tempdir().expect("a folder for the test");
        load_or_create(data.path()).expect("a new key");
        let metadata = fs::metadata(data.path().join(NAME)).expect("the key's file");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn of_many_processes_that_start_at_once_one_makes_the_key() {
        let data = tempfile::tempdir().expect("a folder for the test");
        let path = data.path().join(NAME);
        create(data.path(), &path, &[1; 32]).expect("the first");
        let late = create(data.path(), &path, &[2; 32]).expect_err("the second");
        assert_eq!(late.kind(), ErrorKind::AlreadyExists);
        assert_eq!(
            load_or_create(data.path()).expect("a key").bytes(),
            &[1; 32]
        );
    }

    #[test]
    fn a_damaged_key_is_refused_and_kept() {
        let data = tempfile::tempdir().expect("a folder for the test");
        fs::write(data.path().join(NAME), b"short").expect("room for a file");
        let error = load_or_create(data.path())
            .expect_err("not a key")
            .to_string();
        assert!(
            error.contains("expected a key of 32 bytes, found 5"),
            "{error}"
        );
        assert_eq!(fs::read(data.path().join(NAME)).expect("a file"), b"short");
    }
}
