//! What people see: one module for each page.

pub(crate) mod alerts;
mod arena;
pub(crate) mod chat;
mod lab;
mod live;
mod not_found;
mod ticker;

pub(crate) use alerts::AlertsPage;
pub(crate) use arena::Arena;
pub(crate) use chat::Chat;
pub(crate) use lab::Lab;
pub(crate) use live::Live;
pub(crate) use not_found::NotFound;
pub(crate) use ticker::Ticker;
