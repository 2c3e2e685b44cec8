//! What the page of live pictures knows: chunks in parts, what a viewer has shown, and how much a
//! broadcaster may send.

mod assembly;
mod meter;
mod parts;
mod rate;

pub use assembly::{Assembly, Chunk, Taken};
pub use meter::Meter;
pub use parts::Parts;
pub use rate::{BITRATE_MIN, Rate};
