//! What the server does for each kind of topic: one handler a kind, and the one list of them.
//!
//! Handlers decide, they do not send: a handler turns a command into the event that everybody
//! gets, or into a refusal. Start with `chat.rs`; add yours to [`registry`].

pub(crate) mod alerts;
pub(crate) mod chat;
pub(crate) mod live;
mod handler;
mod registry;
pub(crate) mod ticker;
pub(crate) mod typing;

pub use handler::{Access, CallContext, CallHandler, Command, Context, Event, Handler, Key};
pub use registry::Registry;
pub(crate) use registry::{ErasedHandler, Prepared};

/// The handlers of this server: its table of contents. Those of the ticker join it with the market,
/// those of the lab with the lab, those of broadcasts with the studio.
pub fn registry() -> Registry {
    Registry::default()
        .with(chat::ChatHandler)
        .with(typing::TypingHandler)
        .with(alerts::AlertsHandler)
        .with_call(chat::ListRoomsHandler)
}
