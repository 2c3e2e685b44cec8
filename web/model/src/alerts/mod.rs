//! What a user was told, as the page at `/alerts` and the frame around every page see it.
//!
//! Start with [`Inbox`], which takes events as they come; [`rows`] lays it out.

mod burst;
mod curl;
mod draft;
mod inbox;
mod rows;
mod toasts;

pub use burst::Burst;
pub use curl::curl;
pub use draft::{Draft, DraftProblem, check_draft};
pub use inbox::{Alert, Inbox, Mark, Note};
pub use rows::{Row, rows};
pub use toasts::{TOASTS_MAX, Toasts};
