//! The figures of a symbol: both sides of the book, and its day.

use leptos::prelude::*;
use trunkline_web_model::ticker::{Row, count_text, price_text};

use super::desk::Desk;
use crate::i18n::{t, use_i18n};

/// The figures.
#[component]
pub(super) fn Figures(symbol: u16, row: Memo<Option<Row>>) -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    let quote = move || row.with(|row| row.as_ref().and_then(|row| row.quote));
    let day = Memo::new(move |_| desk.with_listing(|board| board.summary(symbol).cloned()));
    let shown = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), price_text);
    view! {
        <dl class="detail-figures figures">
            <div><dt>{t!(i18n, ticker.bid)}</dt><dd data-testid="detail-bid">{move || shown(quote().map(|it| it.bid()))}</dd></div>
            <div><dt>{t!(i18n, ticker.ask)}</dt><dd>{move || shown(quote().map(|it| it.ask()))}</dd></div>
            <div><dt>{t!(i18n, ticker.open)}</dt><dd>{move || shown(day.get().map(|it| it.open))}</dd></div>
            <div><dt>{t!(i18n, ticker.high)}</dt><dd>{move || shown(day.get().map(|it| it.high))}</dd></div>
            <div><dt>{t!(i18n, ticker.low)}</dt><dd>{move || shown(day.get().map(|it| it.low))}</dd></div>
            <div><dt>{t!(i18n, ticker.volume)}</dt><dd>{move || day.get().map_or_else(|| "–".to_owned(), |it| count_text(it.volume))}</dd></div>
        </dl>
    }
}
