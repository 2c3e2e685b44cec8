//! How one puts prices of one's own on a board.

use leptos::prelude::*;
use trunkline_protocol::topics::ticker::MARKET_BOARD;

use super::desk::Desk;
use crate::i18n::{t, use_i18n};

/// The words, and the command.
#[component]
pub(super) fn OwnFeed() -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    let board = desk.name.with_value(|name| name.as_str().to_owned());
    let is_market = board == MARKET_BOARD;
    let topic = if is_market {
        "ticker:user-{user}".to_owned()
    } else {
        format!("ticker:{board}")
    };
    let key = if is_market { "" } else { " --key-file KEY" };
    let command = format!("trunkline publish --topic '{topic}' --from prices.csv --speed 10x{key}");
    view! {
        <details class="own-feed" open=!is_market>
            <summary>{t!(i18n, ticker.own_feed.title)}</summary>
            <p class="hint">{t!(i18n, ticker.own_feed.lead)}</p>
            <pre class="mono" tabindex="0">{command}</pre>
            <p class="hint">{t!(i18n, ticker.own_feed.rows)}</p>
            <pre class="mono" tabindex="0">"time,symbol,price,bid,ask,size\n2026-01-05,ABC,185.25,185.20,185.30,300"</pre>
        </details>
    }
}
