//! The browser's storage as the keeper of an outbox, one for each tab.
//!
//! A tab names its outbox in `sessionStorage`, which a reload keeps, and holds a lock of that name
//! as long as it lives. An outbox whose lock is free was left behind by a tab that is gone: the
//! next page of the same user takes it over.
//!
//! Each page draws a sender of its own. A browser that crashes may forget what was stored last,
//! counters among it, and a counter that is used twice would lose a message.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trunkline_protocol::{Codec, SenderId, UserId};
use trunkline_session::{COMMANDS_LEN_MAX, COMMANDS_MAX, CommandId, SavedCommand, SavedOutbox};
use web_sys::Storage;

use super::locks::Lock;
use crate::outbox::{OutboxStore, Pending, StoreError};
use crate::platform;
use crate::record::{self, RecordError};

/// What every key begins with: `trunkline.outbox.USER.OUTBOX.PLACE.SENDER.COUNTER`.
const PREFIX: &str = "trunkline.outbox.";

/// Where a tab keeps the name of its outbox.
const TAB: &str = "trunkline.outbox";

/// How often and how long a page waits for the lock of its own outbox: the page before it, in the
/// same tab, may not have ended yet. A tab that was duplicated waits in vain.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// An [`OutboxStore`] in the browser's storage, for one user and one tab at a time.
///
/// It keeps up to 1,000 commands and 1 MiB of them, as far as the browser gives room.
#[derive(Debug)]
pub struct LocalOutbox {
    user: UserId,
    /// The name of this tab's outbox.
    own: String,
    /// Where each command is stored, in this outbox or in one that was taken over.
    kept: BTreeMap<CommandId, Place>,
    len: usize,
    next_place: u32,
    restored: Vec<SavedCommand>,
    /// Of this outbox and of those that were taken over, for as long as this lives.
    locks: Vec<Lock>,
}

/// Where a command is stored, and what it counts for.
#[derive(Debug)]
struct Place {
    key: String,
    len: usize,
}

impl LocalOutbox {
    /// Opens the outbox of `user` in this tab, and takes over those that are left behind. None if
    /// this page may not store anything.
    ///
    /// Where the browser has no locks, nothing is taken over.
    pub async fn open(user: UserId) -> Option<Self> {
        let storage = storage()?;
        let (own, lock) = own_name(user).await?;
        let mut outbox = Self {
            user,
            own: own.clone(),
            kept: BTreeMap::new(),
            len: 0,
            next_place: 0,
            restored: Vec::new(),
            locks: lock.into_iter().collect(),
        };
        outbox.read(&storage, &own);
        for name in names(&storage, user) {
            if name != own
                && let Some(lock) = Lock::take(&lock_name(user, &name)).await
            {
                outbox.locks.push(lock);
                outbox.read(&storage, &name);
            }
        }
        Some(outbox)
    }

    /// Forgets all that waits for `user` in this browser, in whichever tab. End the client first.
    pub fn discard(user: UserId) {
        if let Some(storage) = storage() {
            for key in keys(&storage, &format!("{PREFIX}{user}.")) {
                // Removing does not fail where reading did not.
                let _ = storage.remove_item(&key);
            }
        }
    }

    /// All commands that wait in this browser, of every user and tab, in the order of each outbox.
    /// `codec` is that of the clients that made them.
    pub fn waiting(codec: Codec) -> Vec<(UserId, Pending)> {
        let Some(storage) = storage() else {
            return Vec::new();
        };
        let command = |key: &String| {
            let user = key.strip_prefix(PREFIX)?.split('.').next()?.parse().ok()?;
            let record = from_hex(&storage.get_item(key).ok()??)?;
            let saved = record::decode(&record).ok()?;
            Some((user, Pending::new(&saved, codec)))
        };
        keys(&storage, PREFIX).iter().filter_map(command).collect()
    }

    /// Reads the outbox called `name`.
    fn read(&mut self, storage: &Storage, name: &str) {
        // Places are written with leading zeros, so the order of keys is the order of commands.
        for key in keys(storage, &format!("{PREFIX}{}.{name}.", self.user)) {
            let record = storage.get_item(&key).ok().flatten();
            let record = record.as_deref().and_then(from_hex).unwrap_or_default();
            match record::decode(&record) {
                Ok(command) => {
                    self.next_place = self.next_place.max(place_of(&key).saturating_add(1));
                    self.note(key, &command);
                    self.restored.push(command);
                }
                // A tab with another version of the page may still want it.
                Err(RecordError::OtherVersion) => {}
                Err(RecordError::Malformed) => drop(storage.remove_item(&key)),
            }
        }
    }

    fn note(&mut self, key: String, command: &SavedCommand) {
        let len = command.len();
        self.len += len;
        self.kept.insert(command.id, Place { key, len });
    }
}

impl OutboxStore for LocalOutbox {
    fn load(&mut self) -> SavedOutbox {
        SavedOutbox {
            user: Some(self.user),
            commands: std::mem::take(&mut self.restored),
            ..SavedOutbox::new(SenderId::from_random(platform::random()))
        }
    }

    fn put(&mut self, command: &SavedCommand) -> Result<(), StoreError> {
        if self.kept.len() == COMMANDS_MAX || self.len + command.len() > COMMANDS_LEN_MAX {
            return Err(StoreError::Full);
        }
        let storage = storage().ok_or(StoreError::Unavailable)?;
        let (place, id) = (self.next_place, command.id);
        let sender = u64::from(id.sender);
        let key = format!(
            "{PREFIX}{}.{}.{place:010}.{sender:x}.{}",
            self.user, self.own, id.counter
        );
        storage
            .set_item(&key, &to_hex(&record::encode(command)))
            .map_err(|_| StoreError::Full)?;
        self.next_place = place.saturating_add(1);
        self.note(key, command);
        Ok(())
    }

    fn remove(&mut self, command: CommandId) {
        let Some(Place { key, len }) = self.kept.remove(&command) else {
            return;
        };
        self.len -= len;
        if let Some(storage) = storage() {
            // What is not removed is sent again, and the server knows that it has it.
            let _ = storage.remove_item(&key);
        }
    }

    fn note_counter(&mut self, _: u32) -> Result<(), StoreError> {
        // The sender is this page's alone.
        Ok(())
    }
}

/// The name of this tab's outbox, with its lock where the browser has locks. A tab that was
/// duplicated finds it held, and draws another.
async fn own_name(user: UserId) -> Option<(String, Option<Lock>)> {
    let tab = web_sys::window()?.session_storage().ok().flatten();
    let named = tab
        .as_ref()
        .and_then(|tab| tab.get_item(TAB).ok().flatten());
    let named = named.filter(|name| is_name(name));
    if !Lock::exist() {
        return Some((named.unwrap_or_else(|| draw(tab.as_ref())), None));
    }
    if let Some(name) = named {
        for _ in 0..LOCK_TRIES {
            if let Some(lock) = Lock::take(&lock_name(user, &name)).await {
                return Some((name, Some(lock)));
            }
            platform::sleep(LOCK_PAUSE).await;
        }
    }
    let name = draw(tab.as_ref());
    let lock = Lock::take(&lock_name(user, &name)).await;
    Some((name, lock))
}

/// Draws a name, and has the tab remember it.
fn draw(tab: Option<&Storage>) -> String {
    let name = format!("{:016x}", platform::random());
    if let Some(tab) = tab {
        // A tab that forgets its name leaves an outbox behind, which the next page takes over.
        let _ = tab.set_item(TAB, &name);
    }
    name
}

/// The names of all outboxes of `user` that hold something.
fn names(storage: &Storage, user: UserId) -> BTreeSet<String> {
    let prefix = format!("{PREFIX}{user}.");
    let name = |key: String| Some(key.strip_prefix(&prefix)?.split('.').next()?.to_owned());
    let names = keys(storage, &prefix).into_iter().filter_map(name);
    names.filter(|name| is_name(name)).collect()
}

/// The keys that begin with `prefix`, in their order.
fn keys(storage: &Storage, prefix: &str) -> BTreeSet<String> {
    let count = storage.length().unwrap_or_default();
    let keys = (0..count).filter_map(|index| storage.key(index).ok().flatten());
    keys.filter(|key| key.starts_with(prefix)).collect()
}

fn place_of(key: &str) -> u32 {
    let place = key.split('.').nth(4).and_then(|place| place.parse().ok());
    place.unwrap_or_default()
}

fn lock_name(user: UserId, name: &str) -> String {
    format!("{PREFIX}{user}.{name}")
}

fn is_name(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

fn to_hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let digits = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(digits).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(byte).collect()
}
