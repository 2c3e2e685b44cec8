//! The Trunkline server: HTTP at the edge, conversations behind it.
//!
//! Start reading at [`Server`], which binds and serves one node; `http` shows how the routes of
//! all modules become one router, and `accept` how a TCP connection reaches it. From the moment a
//! connection is a WebSocket, a loop in `shard` drives it, `requests` carries out what it asks, and
//! [`topics`] holds what the server does for each kind of topic.

mod config;
mod server;
mod shutdown;

mod accept;
mod http;
mod origin;
mod problem;
mod security;

mod arena;
mod assets;
mod auth;
mod conformance;
mod health;
mod lab;
mod live;
mod market;
mod realtime;
mod reference;

mod broker;
mod clock;
mod node;
mod notices;
mod requests;
mod shard;
mod shelf;
pub mod topics;
mod traffic;
mod wake;
mod transport;
mod api;

pub mod cli;
pub mod publish;

pub use accept::Timeouts;
pub use api::ApiKey;
pub use assets::Assets;
pub use auth::{AccessToken, Guests, TokenError, User};
pub use config::{
    Broadcasters, Broker, Config, LabPorts, ListenAddress, LiveLimits, LogFilter, MarketSwitch,
};
pub use origin::Origin;
pub use server::Server;
pub use shutdown::cancel_on_signals;
