//! The whole system over real sockets and real browsers.

mod browser;
mod browser_history;
mod calls;
mod chat;
mod cli;
mod close_codes;
mod conformance;
mod curl_page;
mod descriptions;
mod durability;
mod examples;
mod fallback;
mod fallback_browser;
mod handshake;
mod http_api;
mod http_events;
mod http_requests;
mod http_streams;
mod presence;
mod recovery;
mod refusals;
mod shards;
mod shutdown;
mod slow_readers;
mod ticker;
mod wire_tap;
