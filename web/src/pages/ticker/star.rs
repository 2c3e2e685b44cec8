//! The star that puts a symbol on the watchlist, or takes it off.

use leptos::prelude::*;

use super::desk::Desk;
use crate::components::{Glyph, Icon};
use crate::i18n::{t_string, use_i18n};

/// A star. `in_row` says that it stands in a row of the board, which a click would select, and whose
/// keys go through the rows instead.
#[component]
pub(super) fn Star(ticker: Memo<String>, in_row: bool) -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    let is_watched = Memo::new(move |_| desk.watchlist.with(|list| list.has(&ticker.get())));
    view! {
        <button
            type="button"
            class="button quiet icon"
            tabindex=in_row.then_some("-1")
            data-testid=if in_row { "ticker-star" } else { "detail-star" }
            aria-pressed=move || is_watched.get().to_string()
            aria-label=move || t_string!(i18n, ticker.watch, symbol = ticker.get())
            title=move || t_string!(i18n, ticker.watch, symbol = ticker.get())
            on:click=move |event| {
                if in_row {
                    event.stop_propagation();
                }
                desk.update_watchlist(|list| list.toggle(&ticker.get_untracked()));
            }
        >
            <Icon glyph=Glyph::Star />
        </button>
    }
}
