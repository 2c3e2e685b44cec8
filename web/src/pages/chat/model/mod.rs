//! What the chat page knows, as plain data: no signals, no browser, no clock.
//!
//! [`Timeline`] is what was said in one room and what waits to be said; [`rows`] turns it into
//! what stands on the page.

mod entries;
mod input;
mod links;
mod people;
mod rows;
mod timeline;
mod typists;

pub(crate) use entries::{Change, LocalId};
pub(crate) use input::{RoomProblem, TextProblem, check_room, check_text};
pub(crate) use links::{Piece, pieces};
pub(crate) use people::{People, monogram};
pub(crate) use rows::{Body, Mark, MessageRow, RowKey, RowKind, rows};
pub(crate) use timeline::Timeline;
pub(crate) use typists::Typists;
