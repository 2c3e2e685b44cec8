//! The Trunkline web app: pages over signals over one client.
//!
//! Start with [`app`], which puts everything together. [`realtime`] is where the client meets
//! signals, [`pages`] is what people see, and the crate in `web/model` is plain data with plain tests.

#![allow(
    clippy::needless_pass_by_value,
    reason = "a component owns its properties"
)]
#![allow(
    unreachable_pub,
    reason = "the component macro makes public items for private components"
)]

mod app;
mod realtime;
mod following;
mod account;
mod i18n;
mod words;
mod theme;
mod sign_in;
mod unsent;
mod drafts;
mod shell;
mod pages;
mod components;
mod browser;

use leptos::prelude::document;
use trunkline_web_model::line;

fn main() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        set_boot_state("crashed");
    }));
    leptos::mount::mount_to_body(app::App);
    set_boot_state("started");
}

/// Hides what `index.html` shows before the app has started, or has it say that the app broke.
fn set_boot_state(state: &str) {
    if let Some(boot) = document().get_element_by_id("boot") {
        // An attribute name of ours is valid.
        let _ = boot.set_attribute("data-state", state);
    }
}
