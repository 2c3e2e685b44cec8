//! What the composer holds and does: new messages, and edits of one's own.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use trunkline_protocol::Offset;

use super::model::{Change, check_text};
use super::room::Room;
use super::room_view::Desk;
use super::typing::Teller;
use crate::browser::fields;

/// The code of keys that an input method has taken.
const TAKEN_BY_INPUT_METHOD: u32 = 229;

/// What the composer holds and does.
#[derive(Clone)]
pub(super) struct Writing {
    pub(super) room: Room,
    pub(super) desk: Desk,
    pub(super) text: RwSignal<String>,
    /// What was written before an edit began.
    pub(super) aside: StoredValue<String>,
    pub(super) teller: Teller,
}

impl Writing {
    pub(super) fn typed(&self, text: String) {
        if text.trim().is_empty() {
            self.teller.stopped();
        } else if self.desk.editing.get_untracked().is_none() {
            self.teller.typed();
        }
        if self.desk.editing.get_untracked().is_none() {
            self.room.set_unsent(text.clone());
        }
        self.text.set(text);
    }

    /// Sends what is written, or saves the edit.
    pub(super) fn submit(&self) {
        let text = self.text.get_untracked();
        let Ok(text) = check_text(&text) else { return };
        match self.desk.editing.get_untracked() {
            Some(offset) => {
                let unchanged = self
                    .room
                    .timeline
                    .with_untracked(|timeline| timeline.editable(offset) == Some(text));
                if !unchanged {
                    self.desk
                        .change(&self.room, offset, Change::Edit(text.to_owned()));
                }
                self.desk.editing.set(None);
            }
            None => {
                self.room.say(text);
                self.teller.stopped();
                self.room.set_unsent(String::new());
                self.text.set(String::new());
            }
        }
    }

    /// Follows the desk: an edit that begins or ends changes what is in the field.
    pub(super) fn follow_desk(&self, before: Option<Option<Offset>>) -> Option<Offset> {
        let editing = self.desk.editing.get();
        match (before.flatten(), editing) {
            (None, Some(offset)) => {
                self.aside.set_value(self.text.get_untracked());
                self.show_words_of(offset);
            }
            (Some(before), Some(offset)) if before != offset => self.show_words_of(offset),
            (Some(_), None) => self.text.set(self.aside.get_value()),
            (Some(_), Some(_)) | (None, None) => {}
        }
        editing
    }

    fn show_words_of(&self, offset: Offset) {
        let words = self
            .room
            .timeline
            .with_untracked(|timeline| timeline.editable(offset).map(str::to_owned));
        match words {
            Some(words) => self.text.set(words),
            None => self.desk.editing.set(None),
        }
    }

    pub(super) fn handle_key(&self, event: &KeyboardEvent) {
        let editing = self.desk.editing.get_untracked().is_some();
        match fields::key(event).as_str() {
            // Korean, Japanese and Chinese finish a syllable with Enter; that sends nothing.
            "Enter" if !event.shift_key() && !is_composing(event) => {
                event.prevent_default();
                self.submit();
            }
            "ArrowUp" if !editing && self.text.with_untracked(String::is_empty) => {
                let last = self
                    .room
                    .timeline
                    .with_untracked(|timeline| timeline.last_own().map(|(offset, _)| offset));
                if let Some(offset) = last {
                    event.prevent_default();
                    self.desk.edit(offset);
                }
            }
            "Escape" if editing && !is_composing(event) => self.desk.editing.set(None),
            _ => {}
        }
    }
}

fn is_composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == TAKEN_BY_INPUT_METHOD
}
