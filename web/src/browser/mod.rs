//! What pages ask of the browser beyond elements: storage, clocks, formats, events.

pub(crate) mod canvas;
pub(crate) mod clipboard;
pub(crate) mod clock;
pub(crate) mod codecs;
pub(crate) mod download;
pub(crate) mod events;
pub(crate) mod fields;
pub(crate) mod fetch;
pub(crate) mod formats;
pub(crate) mod media;
pub(crate) mod motion;
pub(crate) mod sizes;
pub(crate) mod notifications;
pub(crate) mod storage;
