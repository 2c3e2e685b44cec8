//! The ticker page: a board of quotes at the left, one of its symbols at the right.
//!
//! [`desk`] is where the page meets the client; what a board knows is in `web/model`; the other files
//! are what is seen. Whatever arrives is shown once per frame of the screen.

mod desk;
mod controls;
mod table;
mod row;
mod ordering;
mod spark;
mod star;
mod detail;
mod figures;
mod candles;
mod drawing;
mod trades;
mod alarms;
mod own_feed;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map};
use trunkline_protocol::topics::ticker::{BoardName, MARKET_BOARD};

use self::controls::Controls;
use self::desk::Desk;
use self::detail::Detail;
use self::own_feed::OwnFeed;
use self::table::Table;
use crate::following::Following;
use crate::i18n::{t, t_string, use_i18n};
use crate::realtime::use_realtime;
use crate::shell::set_title;
use crate::words;

/// The page at `/ticker`, `/ticker/BOARD` and `/ticker/BOARD/SYMBOL`.
#[component]
pub(crate) fn Ticker() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    let asked = Memo::new(move |_| {
        let board = params.with(|params| params.get("board"));
        board.unwrap_or_else(|| MARKET_BOARD.to_owned())
    });
    let selected = Memo::new(move |_| params.with(|params| params.get("symbol")));
    set_title(
        move || t_string!(i18n, pages.ticker).to_owned(),
        move || selected.get(),
    );
    // Another board is another desk.
    move || match asked.get().parse::<BoardName>() {
        Ok(board) => view! { <OneBoard board selected /> }.into_any(),
        Err(_) => view! {
            <div class="empty">
                <h2>{t!(i18n, ticker.bad_board)}</h2>
                <p><a class="button" href="/ticker">{t!(i18n, ticker.to_market)}</a></p>
            </div>
        }
        .into_any(),
    }
}

/// A board, and the symbol that is selected.
#[component]
fn OneBoard(board: BoardName, selected: Memo<Option<String>>) -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let desk = Desk::open(board, selected, realtime);
    provide_context(desk);
    view! {
        <div class="ticker" data-open=move || desk.selected().is_some().to_string()>
            <section class="board" aria-label=move || t_string!(i18n, ticker.board)>
                <Controls />
                {move || match desk.state.get() {
                    Following::Refused(code) => Some(view! {
                        <p class="ticker-note wrong" role="alert">
                            {t_string!(i18n, ticker.refused, why = words::error(i18n, code))}
                        </p>
                    }.into_any()),
                    Following::Outdated => Some(view! {
                        <p class="ticker-note wrong" role="alert">{t!(i18n, ticker.outdated)}</p>
                    }.into_any()),
                    Following::Opening | Following::Here | Following::Lost => None,
                }}
                <Table />
                <OwnFeed />
            </section>
            <Detail />
        </div>
    }
}

/// Where a symbol of a board is.
fn address(board: &BoardName, ticker: Option<&str>) -> String {
    match ticker {
        Some(ticker) => {
            let ticker = js_sys::encode_uri_component(ticker);
            format!("/ticker/{board}/{ticker}")
        }
        None => format!("/ticker/{board}"),
    }
}

/// Goes to a symbol of a board, or to none. The one before is not in the way of "back".
fn going() -> impl Fn(&BoardName, Option<&str>) + Copy + Send + Sync + 'static {
    let navigate = StoredValue::new_local(use_navigate());
    move |board, ticker| {
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate.with_value(|navigate| navigate(&address(board, ticker), options));
    }
}
