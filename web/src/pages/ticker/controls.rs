//! What is shown, in which order, and how often it comes.

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use trunkline_protocol::topics::ticker::{MARKET_BOARD, Phase, Session};
use trunkline_web_model::ticker::{Board, Sorting, count_text};

use super::address;
use super::desk::{Desk, RATES};
use crate::browser::fields;
use crate::browser::formats::{Times, use_times};
use crate::i18n::{Locale, t, t_string, use_i18n};

/// The head of the board.
#[component]
pub(super) fn Controls() -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    let times = use_times();
    let view = desk.view;
    let watch = move |watched| view.update(|view| view.watched = watched);
    let choice = move |watched: bool| {
        view! {
            <button
                type="button"
                data-testid=if watched { "ticker-watched" } else { "ticker-all" }
                aria-pressed=move || view.with(|view| view.watched == watched).to_string()
                on:click=move |_| watch(watched)
            >
                {move || if watched {
                    let count = desk.watchlist.with(|list| list.names().len());
                    t_string!(i18n, ticker.watched, n = count)
                } else {
                    t_string!(i18n, ticker.all).to_owned()
                }}
            </button>
        }
    };
    let sort = move |event| {
        let chosen = fields::value(&event);
        if let Some(sorting) = Sorting::ALL.into_iter().find(|it| it.name() == chosen) {
            view.update(|view| view.sorting = sorting);
        }
    };
    view! {
        <header class="ticker-head">
            <p class="ticker-market">
                <Boards />
                {move || desk.with_listing(|board| {
                    let made_up = board.is_simulated().then(|| t_string!(i18n, ticker.simulated));
                    let session = board.session().map(|it| session_words(i18n, times, it));
                    view! {
                        {made_up.map(|words| view! { <span class="tag">{words}</span> })}
                        {session.map(|words| view! { <span class="hint">{words}</span> })}
                    }
                })}
            </p>
            <div class="ticker-controls">
                <input
                    class="input"
                    type="search"
                    data-testid="ticker-search"
                    placeholder=move || t_string!(i18n, ticker.search)
                    aria-label=move || t_string!(i18n, ticker.search)
                    prop:value=move || view.with(|view| view.search.clone())
                    on:input=move |event| {
                        let search = fields::value(&event);
                        view.update(|view| view.search = search);
                    }
                />
                <div class="choice" role="group" aria-label=move || t_string!(i18n, ticker.which)>
                    {choice(false)}
                    {choice(true)}
                </div>
                <select class="input" data-testid="ticker-sort" aria-label=move || t_string!(i18n, ticker.order) on:change=sort>
                    {Sorting::ALL.map(|sorting| view! {
                        <option value=sorting.name() selected=move || view.with(|view| view.sorting == sorting)>
                            {move || sorting_words(i18n, sorting)}
                        </option>
                    })}
                </select>
            </div>
            <div class="ticker-rate">
                <span>{t!(i18n, ticker.rate)}</span>
                <div class="choice" role="group" aria-label=move || t_string!(i18n, ticker.rate)>
                    {RATES.map(|rate| view! {
                        <button
                            type="button"
                            data-testid=format!("ticker-rate-{rate}")
                            aria-pressed=move || (desk.rate.get() == rate).to_string()
                            on:click=move |_| desk.set_rate(rate)
                        >
                            {move || t_string!(i18n, ticker.per_second, n = rate)}
                        </button>
                    })}
                </div>
                <Counted />
            </div>
        </header>
    }
}

/// How many quotes came, and how many newer ones overtook.
#[component]
fn Counted() -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    // A number that changes with every frame cannot be read: four times a second is enough.
    let beats = crate::browser::events::ticks(250, || true);
    let counts = Memo::new(move |_| {
        beats.track();
        desk.peek(|board| (Board::quotes(board), Board::overtaken(board)))
    });
    view! {
        <span class="hint figures" data-testid="ticker-counts" data-quotes=move || counts.get().0 data-overtaken=move || counts.get().1>
            {move || {
                let (quotes, overtaken) = counts.get();
                t_string!(i18n, ticker.counts, quotes = count_text(quotes), overtaken = count_text(overtaken))
            }}
        </span>
    }
}

/// The market, or one's own board.
#[component]
fn Boards() -> impl IntoView {
    let i18n = use_i18n();
    let desk: Desk = expect_context();
    let here = desk.name.with_value(|name| name.as_str().to_owned());
    let own = crate::realtime::use_realtime()
        .user_id()
        .map(|user| format!("user-{user}"));
    let link = move |board: String, words: &'static str, current: bool| {
        let to = board
            .parse()
            .map_or_else(|_| "/ticker".to_owned(), |board| address(&board, None));
        view! { <a href=to aria-current=current.then_some("page")>{words}</a> }
    };
    move || {
        let market = link(
            MARKET_BOARD.to_owned(),
            t_string!(i18n, ticker.market),
            here == MARKET_BOARD,
        );
        let is_own = own.as_ref() == Some(&here);
        let mine = own
            .clone()
            .map(|own| link(own, t_string!(i18n, ticker.mine), is_own));
        let other = (here != MARKET_BOARD && !is_own).then(|| {
            view! { <span class="mono">{here.clone()}</span> }
        });
        view! { <span class="ticker-boards">{market}{mine}{other}</span> }
    }
}

fn sorting_words(i18n: I18nContext<Locale>, sorting: Sorting) -> &'static str {
    match sorting {
        Sorting::Listed => t_string!(i18n, ticker.sorting.listed),
        Sorting::Name => t_string!(i18n, ticker.sorting.name),
        Sorting::Gain => t_string!(i18n, ticker.sorting.gain),
        Sorting::Loss => t_string!(i18n, ticker.sorting.loss),
        Sorting::Volume => t_string!(i18n, ticker.sorting.volume),
    }
}

fn session_words(i18n: I18nContext<Locale>, times: Times, session: Session) -> String {
    let until = times.time(session.ends);
    match session.phase {
        Phase::Auction => t_string!(i18n, ticker.session.auction, until = until),
        Phase::Open => t_string!(i18n, ticker.session.open, until = until),
        Phase::Closed => t_string!(i18n, ticker.session.closed, until = until),
    }
}
