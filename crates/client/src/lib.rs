//! The Trunkline client: one API for browsers and native programs.
//!
//! ```no_run
//! use trunkline_client::{Client, ClientConfig, Guest, Options, Update};
//! use trunkline_protocol::topics::chat::{Chat, ChatCommand};
//!
//! # async fn talk() -> Result<(), Box<dyn std::error::Error>> {
//! let guest = Guest::sign_in("http://127.0.0.1:8787", "Ada").await?;
//! let client = Client::connect(ClientConfig::new("ws://127.0.0.1:8787/ws"), guest.tokens());
//! let mut room = client.subscribe::<Chat>("lobby".parse()?, Options::newest(50));
//! room.publish(&ChatCommand::Say { text: "hello".try_into()? }).await?;
//! while let Some(update) = room.next().await {
//!     if let Update::Event { event, .. } = update {
//!         println!("{event:?}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Client`] outlives its connections: it reconnects by itself, recovers what its subscriptions
//! missed, and sends unanswered commands again under the same message id. With an [`OutboxStore`]
//! those commands outlive the program, too. The rules are those of
//! `trunkline-session`; this crate holds the sockets, timers and tasks. Start with [`client`].

pub mod client;
mod publishing;
mod subscription;
mod updates;
pub mod tap;
mod guest;
pub mod outbox;
mod keeper;
mod record;
mod shared;
mod driver;
mod http;
mod http_date;
mod problem;
mod platform;

pub use client::{CallError, Client, ClientConfig, Status};
pub use guest::{Granted, Guest, SignInError};
pub use outbox::{Kept, OutboxStore, Pending, StoreError};
pub use platform::MaybeSend;
pub use platform::stores::*;
pub use publishing::{PublishError, Published, Publishing};
pub use subscription::{Options, Publisher, Subscription, Update};
pub use tap::{Tap, Tapped};
pub use trunkline_session::{CommandId, SavedCommand, SavedOutbox, TokenFailure, Transport};
