//! The table of a board. Only what can be seen of it is there; the rest is height.

use leptos::ev::KeyboardEvent;
use leptos::html::Div;
use leptos::prelude::*;
use trunkline_web_model::ticker::Sorting;

use super::desk::Desk;
use super::going;
use super::ordering::Ordering;
use super::row::TableRow;
use crate::browser::fields;
use crate::browser::sizes::Sizes;
use crate::i18n::{t, t_string, use_i18n};

/// The height of a row, in CSS pixels. The style sheet has the same.
pub(super) const ROW: f64 = 44.0;

/// Rows beyond the edges, so that none is missing while one scrolls.
const BEYOND: usize = 4;

/// The table.
#[component]
pub(super) fn Table() -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    let go = going();
    let scroll = NodeRef::<Div>::new();
    let (top, height) = (RwSignal::new(0.0), RwSignal::new(600.0));
    let order = Memo::new(move |_| {
        let view = desk.view.get();
        desk.with_listing(|board| desk.watchlist.with(|list| view.symbols(board, list)))
    });
    let ordering = Ordering::new(scroll);
    provide_context(ordering);
    let measure = move || {
        if let Some(scroll) = scroll.get_untracked() {
            top.set(f64::from(scroll.scroll_top()));
            height.set(f64::from(scroll.client_height()));
        }
    };
    let sizes = StoredValue::new_local(Sizes::new(measure));
    Effect::new(move |_| {
        if let Some(scroll) = scroll.get() {
            sizes.with_value(|sizes| sizes.observe(&scroll));
        }
    });
    // From which row to which.
    let range = Memo::new(move |_| {
        let first = ((top.get() / ROW) as usize).saturating_sub(BEYOND);
        let count = (height.get() / ROW) as usize + 2 * BEYOND + 1;
        let len = order.with(Vec::len);
        let first = first.min(len);
        (first, (first + count).min(len))
    });
    let shown = Memo::new(move |_| {
        let (first, end) = range.get();
        order.with(|order| order[first.min(order.len())..end.min(order.len())].to_vec())
    });
    Effect::new(move |_| desk.visible.set(shown.get()));
    let select = move |symbol: u16| {
        let ticker = desk.peek(|board| board.ticker(symbol));
        desk.name.with_value(|name| go(name, Some(&ticker)));
    };
    // The row of a symbol comes into sight.
    let reveal = move |place: usize| {
        let Some(scroll) = scroll.get_untracked() else {
            return;
        };
        let (from, height) = (place as f64 * ROW, f64::from(scroll.client_height()));
        let now = f64::from(scroll.scroll_top());
        if from < now {
            scroll.set_scroll_top(from as i32);
        } else if from + ROW > now + height {
            scroll.set_scroll_top((from + ROW - height) as i32);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let len = order.with_untracked(Vec::len);
        let now = untrack(|| desk.selected()).and_then(|symbol| {
            order.with_untracked(|order| order.iter().position(|it| *it == symbol))
        });
        let page = (height.get_untracked() / ROW) as usize;
        let step = match fields::key(&event).as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            "PageDown" => page as isize,
            "PageUp" => -(page as isize),
            "Home" => -(len as isize),
            "End" => len as isize,
            " " | "w" => {
                if let Some(place) = now {
                    event.prevent_default();
                    let symbol = order.with_untracked(|order| order[place]);
                    let ticker = desk.peek(|board| board.ticker(symbol));
                    desk.update_watchlist(|list| list.toggle(&ticker));
                }
                return;
            }
            _ => return,
        };
        event.prevent_default();
        if event.alt_key() {
            if let Some(place) = now.filter(|_| can_order(desk)) {
                let symbol = order.with_untracked(|order| order[place]);
                let ticker = desk.peek(|board| board.ticker(symbol));
                desk.update_watchlist(|list| list.move_by(&ticker, step));
                reveal(place.saturating_add_signed(step).min(len.saturating_sub(1)));
            }
            return;
        }
        if len == 0 {
            return;
        }
        let next = now.map_or(0, |now| now.saturating_add_signed(step).min(len - 1));
        reveal(next);
        select(order.with_untracked(|order| order[next]));
    };
    let active = move || {
        let symbol = desk.selected()?;
        shown
            .with(|shown| shown.contains(&symbol))
            .then(|| row_id(symbol))
    };
    view! {
        <div
            class="ticker-rows"
            role="grid"
            tabindex="0"
            node_ref=scroll
            data-testid="ticker-rows"
            aria-label=move || t_string!(i18n, ticker.board)
            aria-describedby="ticker-keys"
            aria-rowcount=move || order.with(Vec::len).to_string()
            aria-activedescendant=active
            on:scroll=move |_| measure()
            on:keydown=on_key
        >
            <div class="all" role="presentation" style:block-size=move || format!("{}px", order.with(Vec::len) as f64 * ROW)>
                <div
                    class="some"
                    role="rowgroup"
                    style:transform=move || format!("translateY({}px)", range.get().0 as f64 * ROW)
                >
                    <For each=move || shown.get() key=|symbol| *symbol let:symbol>
                        {
                            let place = Memo::new(move |_| {
                                order.with(|order| order.iter().position(|it| *it == symbol)).unwrap_or(0)
                            });
                            view! { <TableRow symbol place select /> }
                        }
                    </For>
                </div>
            </div>
            <Show when=move || order.with(Vec::is_empty)>
                <p class="ticker-note">{move || nothing_words(desk, i18n)}</p>
            </Show>
        </div>
        <p class="unseen" id="ticker-keys">{t!(i18n, ticker.keys)}</p>
    }
}

/// The id of a row.
pub(super) fn row_id(symbol: u16) -> String {
    format!("symbol-{symbol}")
}

/// Whether the reader sees the watchlist in the order that it has.
pub(super) fn can_order(desk: Desk) -> bool {
    desk.view.with(|view| {
        view.watched && view.sorting == Sorting::Listed && view.search.trim().is_empty()
    })
}

fn nothing_words(desk: Desk, i18n: leptos_i18n::I18nContext<crate::i18n::Locale>) -> &'static str {
    let view = desk.view.get();
    if !view.search.trim().is_empty() {
        t_string!(i18n, ticker.nothing_found)
    } else if view.watched {
        t_string!(i18n, ticker.nothing_watched)
    } else {
        t_string!(i18n, ticker.nothing_here)
    }
}
