//! A row of the board.

use leptos::prelude::*;
use trunkline_web_model::ticker::{Moved, Row, change_text, count_text, price_text};

use super::desk::Desk;
use super::ordering::Ordering;
use super::spark::Spark;
use super::star::Star;
use super::table::{can_order, row_id};
use crate::components::{Glyph, Icon};
use crate::i18n::{t_string, use_i18n};

/// A symbol.
#[component]
pub(super) fn TableRow(
    symbol: u16,
    place: Memo<usize>,
    select: impl Fn(u16) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    let ordering: Ordering = expect_context();
    let row = Memo::new(move |_| desk.with(|board| board.row(symbol)));
    let ticker = Memo::new(move |_| {
        row.with(|row| {
            row.as_ref()
                .map(|row| row.ticker.clone())
                .unwrap_or_default()
        })
    });
    let name = Memo::new(move |_| {
        row.with(|row| row.as_ref().map(|row| row.name.clone()).unwrap_or_default())
    });
    let is_selected = Memo::new(move |_| desk.selected() == Some(symbol));
    let volume = Memo::new(move |_| desk.with_listing(|board| board.volume(symbol)));
    view! {
        <div
            class="ticker-row"
            role="row"
            id=row_id(symbol)
            data-testid="ticker-row"
            data-ticker=move || ticker.get()
            aria-rowindex=move || (place.get() + 1).to_string()
            aria-selected=move || is_selected.get().to_string()
            class:dragged=move || ordering.dragged.get() == Some(symbol)
            on:click=move |_| select(symbol)
        >
            <div class="watch" role="gridcell">
                <Star ticker in_row=true />
            </div>
            <div class="names" role="gridcell">
                <strong>{ticker}</strong>
                <small>{name}</small>
            </div>
            <div class="sparkline" role="gridcell"><Spark symbol /></div>
            <div class="traded figures" role="gridcell">
                {move || volume.get().map(count_text)}
            </div>
            <Price row />
            <Show when=move || can_order(desk)>
                <div
                    class="handle"
                    role="gridcell"
                    data-testid="ticker-handle"
                    title=move || t_string!(i18n, ticker.drag)
                    on:click=|event| event.stop_propagation()
                    on:pointerdown=move |event| ordering.begin(symbol, &event)
                    on:pointermove=move |event| ordering.drag(desk, &event)
                    on:pointerup=move |_| ordering.end()
                    on:pointercancel=move |_| ordering.end()
                >
                    <Icon glyph=Glyph::Grip />
                </div>
            </Show>
        </div>
    }
}

/// The price, where it went, and how far from the day before.
#[component]
fn Price(row: Memo<Option<Row>>) -> impl IntoView {
    let flash = flash(row);
    let change = move || row.with(|row| row.as_ref().and_then(|row| row.change));
    view! {
        <div class="price figures" role="gridcell" data-flash=flash>
            <span data-testid="ticker-price">
                {move || row.with(|row| row.as_ref().and_then(|row| row.price).map_or_else(|| "–".to_owned(), price_text))}
            </span>
            <small data-way=move || way_name(change())>
                {move || change().map(change_text)}
            </small>
        </div>
    }
}

/// How the price flashes now. What comes into sight does not flash for what was before.
pub(super) fn flash(row: Memo<Option<Row>>) -> impl Fn() -> Option<&'static str> + Copy {
    let begun = row.with_untracked(|row| row.as_ref().map_or(0, |row| row.changes));
    move || {
        row.with(|row| {
            let row = row.as_ref().filter(|row| row.changes != begun)?;
            Some(flash_name(row))
        })
    }
}

/// How a price flashes: two names for each way, since an animation starts anew only under another.
fn flash_name(row: &Row) -> &'static str {
    match (row.moved, row.changes.is_multiple_of(2)) {
        (Moved::Up, true) => "up",
        (Moved::Up, false) => "up-again",
        (Moved::Down, true) => "down",
        (Moved::Down, false) => "down-again",
        (Moved::Nowhere, _) => "",
    }
}

/// Which way a change goes.
pub(super) fn way_name(change: Option<i64>) -> &'static str {
    match change {
        Some(1..) => "up",
        Some(..0) => "down",
        Some(0) | None => "flat",
    }
}
