//! The last trades of a symbol.

use leptos::prelude::*;
use trunkline_protocol::topics::ticker::{ReadTrades, Side, Trade, TradesRequest};
use trunkline_web_model::ticker::{count_text, price_text};

use super::desk::Desk;
use crate::browser::formats::use_times;
use crate::i18n::{t, t_string, use_i18n};
use crate::realtime::Task;

/// How many are shown.
const TRADES: u8 = 20;

/// How often they are asked for, in milliseconds.
const ASK_MS: u32 = 1_000;

/// The list.
#[component]
pub(super) fn Trades(symbol: u16) -> impl IntoView {
    let i18n = use_i18n();
    let times = use_times();
    let desk: Desk = expect_context();
    let trades = RwSignal::new(Vec::<Trade>::new());
    let asking = StoredValue::new_local(Some(Task::spawn(ask(desk, symbol, trades))));
    on_cleanup(move || asking.set_value(None));
    view! {
        <section class="trades">
            <h3>{t!(i18n, ticker.trades)}</h3>
            <table class="figures">
                <thead>
                    <tr>
                        <th scope="col">{t!(i18n, ticker.at)}</th>
                        <th scope="col">{t!(i18n, ticker.price)}</th>
                        <th scope="col">{t!(i18n, ticker.size)}</th>
                        <th scope="col">{t!(i18n, ticker.side)}</th>
                    </tr>
                </thead>
                <tbody data-testid="ticker-trades">
                    {move || trades.with(|trades| trades.iter().map(|trade| {
                        let (way, words) = match trade.side {
                            Side::Buy => ("up", t_string!(i18n, ticker.bought)),
                            Side::Sell => ("down", t_string!(i18n, ticker.sold)),
                        };
                        view! {
                            <tr>
                                <td>{times.seconds(trade.at)}</td>
                                <td>{price_text(trade.price)}</td>
                                <td>{count_text(trade.size.into())}</td>
                                <td data-way=way>{words}</td>
                            </tr>
                        }
                    }).collect_view())}
                </tbody>
            </table>
            <Show when=move || trades.with(Vec::is_empty)>
                <p class="ticker-note">{t!(i18n, ticker.no_trades)}</p>
            </Show>
        </section>
    }
}

/// Asks again and again, for as long as they are looked at.
async fn ask(desk: Desk, symbol: u16, trades: RwSignal<Vec<Trade>>) {
    loop {
        if let Some(client) = desk.client() {
            let request = TradesRequest {
                board: desk.board_text(),
                symbol,
                count: TRADES,
            };
            if let Ok(told) = client.call::<ReadTrades>(&request).await {
                let told = told.trades.into_vec();
                // The page may be left meanwhile.
                if trades
                    .try_get_untracked()
                    .is_none_or(|before| before == told)
                {
                    gloo_timers::future::TimeoutFuture::new(ASK_MS).await;
                    continue;
                }
                trades.set(told);
            }
        }
        gloo_timers::future::TimeoutFuture::new(ASK_MS).await;
    }
}
