//! The kinds of topics, one file each: their messages and their promises.

pub mod alerts;
pub mod arena;
pub mod chat;
pub mod lab;
pub mod live;
pub mod ticker;
