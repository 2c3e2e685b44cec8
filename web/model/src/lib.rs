//! What the pages know, as plain data: no signals, no browser, no clock.
//!
//! The web app shows it and asks it; here it is tested, natively and in a moment. Start with
//! [`chat`], then [`line`](mod@line), which judges what the connection badge says.

pub mod account;
pub mod alerts;
pub mod arena;
pub mod chat;
pub mod lab;
pub mod line;
pub mod live;
pub mod server_time;
pub mod simulator;
pub mod ticker;
pub mod wire;
