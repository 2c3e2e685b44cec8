//! Notices: what back ends tell users, now or at a time of theirs, each once.
//!
//! A notice has an id of the back end's choosing, of which the message id at each user follows. So a
//! notice that is sent again, by whoever is not sure, or by this server after a crash, reaches nobody
//! twice. `agenda` has the rules of what waits, a `Shelf` keeps it, `desk` owns both and `sending` says
//! it to the users.

mod agenda;
mod desk;
mod notice;
mod sending;

pub(crate) use desk::{Desk, Notices};
pub(crate) use notice::{Notice, NoticeId, Recipients};
pub(crate) use sending::send;
