//! One symbol: its price, its day, its candles and its last trades.

use leptos::prelude::*;
use trunkline_web_model::ticker::{change_text, price_text};

use super::address;
use super::alarms::Alarms;
use super::candles::Candles;
use super::desk::Desk;
use super::figures::Figures;
use super::row::{flash, way_name};
use super::star::Star;
use super::trades::Trades;
use crate::components::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};

/// The symbol that is selected, or what to do.
#[component]
pub(super) fn Detail() -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    let symbol = Memo::new(move |_| desk.selected());
    view! {
        <section class="detail" aria-label=move || t_string!(i18n, ticker.detail) data-testid="ticker-detail">
            {move || match symbol.get() {
                Some(symbol) => view! { <OneSymbol symbol /> }.into_any(),
                None => view! { <p class="ticker-note">{t!(i18n, ticker.choose)}</p> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn OneSymbol(symbol: u16) -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    let row = Memo::new(move |_| desk.selected_row());
    let text = move |of: fn(&trunkline_web_model::ticker::Row) -> &String| {
        row.with(|row| row.as_ref().map(|row| of(row).clone()).unwrap_or_default())
    };
    let ticker = Memo::new(move |_| text(|row| &row.ticker));
    let flash = flash(row);
    let change = move || row.with(|row| row.as_ref().and_then(|row| row.change));
    let back = desk.name.with_value(|name| address(name, None));
    view! {
        <header class="detail-head">
            <a class="button quiet icon back" href=back aria-label=move || t_string!(i18n, ticker.back)>
                <Icon glyph=Glyph::Back />
            </a>
            <div class="detail-names">
                <h2>{ticker}</h2>
                <p class="hint">
                    {move || text(|row| &row.name)}
                    {move || {
                        let sector = text(|row| &row.sector);
                        (!sector.is_empty()).then(|| format!(" · {sector}"))
                    }}
                </p>
            </div>
            <div class="detail-price figures" data-flash=flash>
                <strong data-testid="detail-price">
                    {move || row.with(|row| row.as_ref().and_then(|row| row.price).map_or_else(|| "–".to_owned(), price_text))}
                </strong>
                <span data-way=move || way_name(change())>{move || change().map(change_text)}</span>
            </div>
            <Star ticker in_row=false />
        </header>
        <Candles symbol />
        <Figures symbol row />
        <Alarms symbol />
        <Trades symbol />
    }
}
