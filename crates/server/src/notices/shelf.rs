//! The shelf: a file for each notice that waits, so that it survives whatever ends the process.
//!
//! A file has its name only when it is whole and on the disk. One that stays behind after its notice
//! was told does no harm: the notice is told again under its id, which reaches nobody twice.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::agenda::WAITING_MAX;
use super::notice::{Notice, NoticeId};

/// The longest file that is read: more than a notice to a thousand users has.
const FILE_LEN_MAX: u64 = 256 * 1024;

/// Where notices are kept. Without a folder, they are not.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    folder: Option<PathBuf>,
}

impl Shelf {
    /// Nothing outlives the process.
    pub(super) fn none() -> Self {
        Self { folder: None }
    }

    /// Opens the folder, and makes it if it is missing.
    ///
    /// # Errors
    ///
    /// For an operator: which folder, and why.
    pub(super) fn open(folder: PathBuf) -> anyhow::Result<Self> {
        let name = folder.display();
        fs::create_dir_all(&folder).with_context(|| format!("cannot create the folder {name}"))?;
        Ok(Self {
            folder: Some(folder),
        })
    }

    /// Everything that is kept. What cannot be read is left where it is, and logged.
    ///
    /// # Errors
    ///
    /// For an operator: that the folder cannot be read.
    pub(super) fn load(&self) -> anyhow::Result<Vec<Notice>> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let name = folder.display();
        let entries =
            fs::read_dir(folder).with_context(|| format!("cannot read the folder {name}"))?;
        let mut notices = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|end| end != "json") {
                continue;
            }
            if notices.len() == WAITING_MAX {
                tracing::warn!(folder = %name, "more notices are kept than may wait");
                break;
            }
            match read(&path) {
                Ok(notice) => notices.push(notice),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a notice cannot be read");
                }
            }
        }
        Ok(notices)
    }

    /// Keeps a notice. It is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(super) fn save(&self, notice: &Notice) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let path = folder.join(notice.id.file_name());
        let unfinished = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(&serde_json::to_vec(notice)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        sync(folder);
        Ok(())
    }

    /// Keeps a notice no longer.
    ///
    /// # Errors
    ///
    /// What the operating system says, unless there was none.
    pub(super) fn remove(&self, id: &NoticeId) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        match fs::remove_file(folder.join(id.file_name())) {
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

fn read(path: &Path) -> io::Result<Notice> {
    if fs::metadata(path)?.len() > FILE_LEN_MAX {
        return Err(io::Error::new(
            ErrorKind::FileTooLarge,
            "no notice is so long",
        ));
    }
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::topics::alerts::Notification;
    use trunkline_protocol::{Text, Timestamp, UserId};

    use super::super::notice::Recipients;
    use super::*;

    fn notice(id: &str) -> Notice {
        Notice {
            id: id.parse().expect("an id"),
            to: Recipients::User(UserId(1)),
            notification: Notification {
                title: Text::cut("Done"),
                ..Notification::default()
            },
            at: Some(Timestamp(10)),
        }
    }

    #[test]
    fn what_is_kept_is_there_for_the_next_process() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let open = || Shelf::open(folder.path().join("notices")).expect("a shelf");
        open().save(&notice("a")).expect("saved");
        open().save(&notice("b")).expect("saved");
        open().remove(&notice("b").id).expect("removed");
        open().remove(&notice("b").id).expect("removed before");
        assert_eq!(open().load().expect("a folder"), [notice("a")]);
    }

    #[test]
    fn half_a_file_and_a_strange_one_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let shelf = Shelf::open(folder.path().to_owned()).expect("a shelf");
        shelf.save(&notice("a")).expect("saved");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("half.new"), "{").expect("written");
        fs::write(path("strange.json"), "{\"id\":1}").expect("written");
        let long = vec![b' '; FILE_LEN_MAX as usize + 1];
        fs::write(path("long.json"), long).expect("written");
        assert_eq!(shelf.load().expect("a folder"), [notice("a")]);
        assert!(path("strange.json").exists());
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let shelf = Shelf::none();
        shelf.save(&notice("a")).expect("nothing to do");
        assert_eq!(shelf.load().expect("nothing to read"), []);
    }
}
