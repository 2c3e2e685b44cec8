//! Helpers that let the tests of the whole system read like stories.
//!
//! [`TestServer`] is a server in this process, [`ServerProcess`] the real binary; [`Peer`] speaks
//! frames, [`Asking`] HTTP, [`RawSocket`] bytes; [`Proxy`] is a line that can be cut;
//! [`Middlebox`] one that is in the way of WebSockets; [`Wiretap`] reads along; [`Soak`] is a crowd that talks
//! while things break; [`within`] is how to wait.

mod peer;
mod process;
mod http;
mod middlebox;
mod proxy;
mod raw;
mod server;
mod soak;
mod wiretap;

pub mod browser;
pub mod faults;

use std::time::Duration;

pub use http::{Asking, Heard, connect};
pub use middlebox::{Habit, Middlebox};
pub use peer::Peer;
pub use process::ServerProcess;
pub use proxy::Proxy;
pub use raw::{Answer, RawSocket, ask, get, masked_frame, upgrade_request};
pub use server::TestServer;
pub use soak::Soak;
pub use wiretap::Wiretap;

/// The longest that anything in a test may take. Generous, since machines are shared.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for `what`, but not for ever.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(result) => result,
        Err(_) => panic!("waited {PATIENCE:?} for {what}"),
    }
}

/// Asks again and again until `ask` has an answer.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}
