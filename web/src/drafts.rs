//! Drafts of chat messages in the browser's storage: they outlive a reload. Each room of each user
//! has a record of its own, so that tabs do not overwrite each other's. The bound is for all users.

use trunkline_protocol::UserId;
use trunkline_protocol::topics::chat::RoomName;
use trunkline_web_model::chat::{DRAFTS_MAX, by_age, draft_record, read_draft};

use crate::browser::{clock, storage};

/// The beginning of the keys, which are `draft.USER.ROOM`.
const PREFIX: &str = "draft.";

/// The draft that was kept, or an empty text.
pub(crate) fn load(user: UserId, room: &RoomName) -> String {
    let record = storage::get(&key(user, room)).unwrap_or_default();
    read_draft(&record).map_or_else(String::new, |(_, text)| text.to_owned())
}

/// Keeps a draft, or forgets it if it is empty. Older drafts make room, also in a full storage.
pub(crate) fn keep(user: UserId, room: &RoomName, text: &str) {
    let key = key(user, room);
    let Some(record) = draft_record(clock::timestamp(), text) else {
        return storage::remove(&key);
    };
    let is_new = storage::get(&key).is_none();
    if !is_new && storage::try_set(&key, &record) {
        return;
    }
    let mut others = by_age(
        storage::all(PREFIX)
            .into_iter()
            .filter(|(it, _)| *it != key)
            .collect(),
    );
    let surplus = (others.len() + 1).saturating_sub(DRAFTS_MAX);
    for old in others.drain(..surplus) {
        storage::remove(&old);
    }
    let mut others = others.into_iter();
    while !storage::try_set(&key, &record) {
        let Some(old) = others.next() else { return };
        storage::remove(&old);
    }
}

/// Forgets all drafts of a user.
pub(crate) fn discard(user: UserId) {
    for (key, _) in storage::all(&format!("{PREFIX}{user}.")) {
        storage::remove(&key);
    }
}

fn key(user: UserId, room: &RoomName) -> String {
    format!("{PREFIX}{user}.{room}")
}
