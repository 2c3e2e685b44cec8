//! What the chat page knows, as plain data: no signals, no browser, no clock.
//!
//! [`Timeline`] is what was said in one room and what waits to be said; [`rows`] turns it into
//! what stands on the page.

mod drafts;
mod entries;
mod input;
mod links;
mod people;
mod rows;
mod timeline;
mod typists;

pub use drafts::{DRAFTS_MAX, by_age, draft_record, read_draft};
pub use entries::{Change, Draft, DraftState, Entry, LocalId, Message, Notice, Place};
pub use input::{RoomProblem, TextProblem, check_room, check_text};
pub use links::{Piece, pieces};
pub use people::{People, monogram};
pub use rows::{Body, Mark, MessageRow, RowKey, RowKind, rows};
pub use timeline::Timeline;
pub use typists::Typists;
