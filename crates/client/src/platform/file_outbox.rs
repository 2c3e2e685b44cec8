//! A file that keeps an outbox: a log of what was put in and taken out, which survives a kill at
//! any moment.
//!
//! A record holds when its checksum is right. The first one that is not right ends the file: the
//! rest is cut off, and a new sender makes sure that no counter of it is used again.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use trunkline_protocol::{SenderId, UserId};
use trunkline_session::{COMMANDS_LEN_MAX, COMMANDS_MAX, CommandId, SavedCommand, SavedOutbox};

use super::file_records::{Entry, MAGIC, Replay};
use crate::outbox::{OutboxStore, StoreError};
use crate::platform;

/// A file of this length is written anew when less than half of it is needed, in bytes.
const COMPACT_LEN: u64 = 64 * 1024;

/// The longest file, in bytes. It gets that long only where it cannot be written anew.
const FILE_LEN_MAX: u64 = 16 * 1024 * 1024;

/// What a record has beside its command, about, in bytes.
const RECORD_EXTRA_LEN: u64 = 64;

/// An [`OutboxStore`] in a file, for one user and one program at a time.
///
/// Commands are on the disk before they are sent. It keeps up to 1,000 commands and 1 MiB of them.
#[derive(Debug)]
pub struct FileOutbox {
    path: PathBuf,
    file: File,
    /// Held as long as the file is in use, and never read.
    _lock: File,
    /// How many bytes of the file are good.
    len: u64,
    /// A write that failed could not be taken back: what comes after it would not be read.
    broken: bool,
    user: UserId,
    sender: SenderId,
    next_counter: u32,
    commands: Vec<SavedCommand>,
}

impl FileOutbox {
    /// Opens the outbox of `user` at `path`, or makes one. A second file beside it, whose name
    /// ends in `.lock`, keeps other programs out.
    ///
    /// # Errors
    ///
    /// [`FileOutboxError`]. A file that is something else, or another user's, stays as it is.
    pub fn open(path: impl Into<PathBuf>, user: UserId) -> Result<Self, FileOutboxError> {
        let path = path.into();
        let lock = private().open(beside(&path, ".lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FileOutboxError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut file = private().open(&path)?;
        let mut bytes = Vec::new();
        (&mut file).take(FILE_LEN_MAX + 1).read_to_end(&mut bytes)?;
        let replay = Replay::of(&bytes).filter(|_| bytes.len() as u64 <= FILE_LEN_MAX);
        let replay = replay.ok_or(FileOutboxError::NotAnOutbox)?;
        if let Some((owner, _)) = replay.owner.filter(|(owner, _)| *owner != user) {
            return Err(FileOutboxError::OtherUser(owner));
        }
        let torn = replay.len < bytes.len();
        let known = replay.owner.filter(|_| !torn);
        let mut outbox = Self {
            path,
            file,
            _lock: lock,
            len: replay.len as u64,
            broken: false,
            user,
            sender: known.map_or_else(new_sender, |(_, sender)| sender),
            next_counter: if known.is_some() {
                replay.next_counter
            } else {
                1
            },
            commands: replay.commands,
        };
        if known.is_none() {
            outbox.begin()?;
        }
        outbox.file.seek(SeekFrom::Start(outbox.len))?;
        Ok(outbox)
    }

    /// Cuts off what cannot be read, and writes the new sender after it.
    fn begin(&mut self) -> io::Result<()> {
        self.file.set_len(self.len)?;
        self.file.seek(SeekFrom::Start(self.len))?;
        let mut bytes = Vec::new();
        if self.len == 0 {
            bytes.extend_from_slice(MAGIC);
        }
        bytes.extend(self.owner().to_record());
        self.file.write_all(&bytes)?;
        self.file.sync_all()?;
        self.len += bytes.len() as u64;
        sync_folder(&self.path)
    }

    fn owner(&self) -> Entry {
        Entry::Owner {
            user: self.user,
            sender: self.sender,
        }
    }

    /// Adds a record; `durable` ones are on the disk when this returns.
    fn append(&mut self, entry: &Entry, durable: bool) -> Result<(), StoreError> {
        if self.broken {
            self.rewrite().map_err(|error| store_error(&error))?;
        }
        let record = entry.to_record();
        if self.len + record.len() as u64 > FILE_LEN_MAX {
            return Err(StoreError::Full);
        }
        let written = self.file.write_all(&record).and_then(|()| {
            if durable {
                self.file.sync_data()
            } else {
                Ok(())
            }
        });
        match written {
            Ok(()) => {
                self.len += record.len() as u64;
                Ok(())
            }
            Err(error) => {
                let len = self.len;
                let undone = self.file.set_len(len);
                let back = undone.and_then(|()| self.file.seek(SeekFrom::Start(len)));
                self.broken = back.is_err();
                Err(store_error(&error))
            }
        }
    }

    /// Writes the file anew with what is needed of it, and puts it in place in one step.
    fn rewrite(&mut self) -> io::Result<()> {
        let fresh_path = beside(&self.path, ".new");
        let mut fresh = private().truncate(true).open(&fresh_path)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.owner().to_record());
        bytes.extend(Entry::Counter(self.next_counter).to_record());
        for command in &self.commands {
            bytes.extend(Entry::Put(command.clone()).to_record());
        }
        fresh.write_all(&bytes)?;
        fresh.sync_all()?;
        fs::rename(&fresh_path, &self.path)?;
        self.file = fresh;
        self.len = bytes.len() as u64;
        self.broken = false;
        sync_folder(&self.path)
    }

    fn has_much_to_spare(&self) -> bool {
        let lens = self.commands.iter().map(|command| command.len() as u64);
        let needed: u64 = lens.map(|len| len + RECORD_EXTRA_LEN).sum();
        self.len > 2 * needed
    }
}

impl OutboxStore for FileOutbox {
    fn load(&mut self) -> SavedOutbox {
        SavedOutbox {
            user: Some(self.user),
            sender: self.sender,
            next_counter: self.next_counter,
            commands: self.commands.clone(),
        }
    }

    fn put(&mut self, command: &SavedCommand) -> Result<(), StoreError> {
        let len: usize = self.commands.iter().map(SavedCommand::len).sum();
        if self.commands.len() == COMMANDS_MAX || len + command.len() > COMMANDS_LEN_MAX {
            return Err(StoreError::Full);
        }
        self.append(&Entry::Put(command.clone()), true)?;
        self.commands.push(command.clone());
        Ok(())
    }

    fn remove(&mut self, command: CommandId) {
        let before = self.commands.len();
        self.commands.retain(|kept| kept.id != command);
        if self.commands.len() == before {
            return;
        }
        // What is not taken out is sent again, and the server knows that it has it.
        let _ = self.append(&Entry::Remove(command), false);
        if self.len > COMPACT_LEN && self.has_much_to_spare() {
            // The long file is as good as a short one.
            let _ = self.rewrite();
        }
    }

    fn note_counter(&mut self, next_counter: u32) -> Result<(), StoreError> {
        self.append(&Entry::Counter(next_counter), true)?;
        self.next_counter = self.next_counter.max(next_counter);
        Ok(())
    }
}

/// Why a file cannot keep an outbox.
#[derive(Debug)]
pub enum FileOutboxError {
    /// Another program has it open.
    InUse,
    /// It is the outbox of this user.
    OtherUser(UserId),
    /// It is a file of another kind, or of another version of this one.
    NotAnOutbox,
    /// It cannot be read or written.
    Io(io::Error),
}

impl fmt::Display for FileOutboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("another program has the outbox open"),
            Self::OtherUser(user) => write!(f, "the outbox belongs to user {user}"),
            Self::NotAnOutbox => f.write_str("the file is not an outbox of this version"),
            Self::Io(error) => write!(f, "the outbox cannot be opened: {error}"),
        }
    }
}

impl std::error::Error for FileOutboxError {}

impl From<io::Error> for FileOutboxError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn store_error(error: &io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            StoreError::Full
        }
        _ => StoreError::Unavailable,
    }
}

fn new_sender() -> SenderId {
    SenderId::from_random(platform::random())
}

/// What was not sent yet is nobody else's business.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A file that is new in its folder is there after a power cut only if the folder is written, too.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "file_outbox_tests.rs"]
mod tests;
