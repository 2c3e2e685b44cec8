//! What pages ask of the browser beyond elements: storage, clocks, formats, events.

pub(crate) mod clipboard;
pub(crate) mod clock;
pub(crate) mod events;
pub(crate) mod formats;
pub(crate) mod storage;
