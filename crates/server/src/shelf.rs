//! A shelf: a folder with a small file for each thing that waits to be told, so that it survives
//! whatever ends the process.
//!
//! A file has its name only when it is whole and on the disk. One that stays behind after its thing was
//! told does no harm: it is told again under its id, which reaches nobody twice.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest file that is read: more than a notice to a thousand users has.
const FILE_LEN_MAX: u64 = 256 * 1024;

/// Where things are kept. Without a folder, they are not.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    folder: Option<PathBuf>,
}

impl Shelf {
    /// Nothing outlives the process.
    pub(crate) fn none() -> Self {
        Self { folder: None }
    }

    /// Opens the folder, and makes it if it is missing.
    ///
    /// # Errors
    ///
    /// For an operator: which folder, and why.
    pub(crate) fn open(folder: PathBuf) -> anyhow::Result<Self> {
        let name = folder.display();
        fs::create_dir_all(&folder).with_context(|| format!("cannot create the folder {name}"))?;
        Ok(Self {
            folder: Some(folder),
        })
    }

    /// Everything that is kept, at most `max` of it. What cannot be read is left where it is, and
    /// logged.
    ///
    /// # Errors
    ///
    /// For an operator: that the folder cannot be read.
    pub(crate) fn load<T: DeserializeOwned>(&self, max: usize) -> anyhow::Result<Vec<T>> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let name = folder.display();
        let entries =
            fs::read_dir(folder).with_context(|| format!("cannot read the folder {name}"))?;
        let mut things = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|end| end != "json") {
                continue;
            }
            if things.len() == max {
                tracing::warn!(folder = %name, max, "more is kept than may wait");
                break;
            }
            match read(&path) {
                Ok(thing) => things.push(thing),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "what is kept cannot be read");
                }
            }
        }
        Ok(things)
    }

    /// Keeps a thing in a file of this name, which ends in `.json`. It is on the disk when this
    /// returns.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn save(&self, name: &str, thing: &impl Serialize) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let path = folder.join(name);
        let unfinished = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(&serde_json::to_vec(thing)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        sync(folder);
        Ok(())
    }

    /// Reaches the folder on a thread that may wait.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) async fn with(
        &self,
        reach: impl FnOnce(&Self) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let shelf = self.clone();
        let reached = tokio::task::spawn_blocking(move || reach(&shelf)).await;
        reached.unwrap_or_else(|panic| Err(panic.into()))
    }

    /// Keeps the thing in this file no longer.
    ///
    /// # Errors
    ///
    /// What the operating system says, unless there was none.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => {
                sync(folder);
                Ok(())
            }
        }
    }
}

/// Makes names durable; where folders cannot be synced, it is as good as it gets.
fn sync(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    if fs::metadata(path)?.len() > FILE_LEN_MAX {
        return Err(io::Error::new(
            ErrorKind::FileTooLarge,
            "nothing that is kept is so long",
        ));
    }
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(shelf: &Shelf) -> Vec<String> {
        let mut things = shelf.load(9).expect("a folder");
        things.sort();
        things
    }

    #[test]
    fn what_is_kept_is_there_for_the_next_process() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let open = || Shelf::open(folder.path().join("notices")).expect("a shelf");
        open().save("a.json", &"before").expect("saved");
        open().save("b.json", &"b").expect("saved");
        open().save("a.json", &"a").expect("saved in its place");
        assert_eq!(load(&open()), ["a", "b"]);
        open().remove("b.json").expect("removed");
        open().remove("b.json").expect("removed before");
        assert_eq!(load(&open()), ["a"]);
        open().save("c.json", &"c").expect("saved");
        let some: Vec<String> = open().load(1).expect("a folder");
        assert_eq!(some.len(), 1);
    }

    #[test]
    fn half_a_file_and_a_strange_one_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let shelf = Shelf::open(folder.path().to_owned()).expect("a shelf");
        shelf.save("a.json", &"a").expect("saved");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("half.new"), "{").expect("written");
        fs::write(path("strange.json"), "{\"id\":1}").expect("written");
        let long = vec![b' '; FILE_LEN_MAX as usize + 1];
        fs::write(path("long.json"), long).expect("written");
        assert_eq!(load(&shelf), ["a"]);
        assert!(path("strange.json").exists());
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let shelf = Shelf::none();
        shelf.save("a.json", &"a").expect("nothing to do");
        assert!(load(&shelf).is_empty());
    }
}
