//! Boards: quotes of many symbols from a few publishers to many readers, of which only the newest
//! count.
//!
//! A load of its own, since here a reader may skip: what it must have at the end is the newest quote
//! of every symbol, and what it was told to have skipped must add up. Start at [`audience`], which
//! is the loop; [`schedule`] tells when which quote is due, [`ledger`] who has what, and [`speech`]
//! is all that it knows of what the servers speak.

mod audience;
mod line;
mod ledger;
mod schedule;
mod speech;

pub(crate) use audience::{Audience, Showing};
pub(crate) use schedule::Load;
