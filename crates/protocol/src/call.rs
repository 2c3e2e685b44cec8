//! Calls: a typed request with one typed response.

use crate::contract::{Contract as _, Fingerprint, Shape};
use crate::topic::Message;

/// The longest deadline of a call over HTTP, in milliseconds. A longer one is refused there, since many
/// proxies cut a request that is quiet for a minute.
pub const HTTP_DEADLINE_MS_MAX: u32 = 50_000;

/// A kind of call. It is answered exactly once: by its response, a refusal or its deadline.
pub trait Call: Send + Sync + 'static {
    /// Its name, such as `chat.rooms`.
    const METHOD: &'static str;
    /// What the caller sends.
    type Request: Message;
    /// What comes back.
    type Response: Message;

    /// The fingerprint of this kind of call.
    fn contract() -> Fingerprint {
        Shape::new(Self::METHOD)
            .with(Self::Request::SHAPE)
            .with(Self::Response::SHAPE)
            .fingerprint()
    }
}
