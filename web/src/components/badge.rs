//! The connection badge: it tells the truth about the line, in a word and a lamp.

use leptos::html::Div;
use leptos::prelude::*;

use super::dismiss;
use crate::browser::{clock, events, formats};
use crate::i18n::{t, t_string, use_i18n};
use crate::line::{self, Line};
use crate::realtime::use_realtime;
use crate::words::{self, counted};

/// The badge with its panel, and a button to try now while the line waits.
#[component]
pub(crate) fn Badge() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let line = realtime.line;
    let open = RwSignal::new(false);
    let anchor = NodeRef::<Div>::new();
    dismiss(open, anchor);
    let word = move || words::line(i18n, line.get());
    view! {
        <div class="link anchor" node_ref=anchor>
            <button
                type="button"
                class="badge"
                data-testid="badge"
                data-status=move || status_name(line.get())
                data-transport=move || transport_name(line.get())
                title=move || words::line_why(i18n, line.get())
                aria-expanded=move || open.get().to_string()
                aria-haspopup="dialog"
                on:click=move |_| open.update(|open| *open = !*open)
            >
                <i class="lamp" data-lamp=move || lamp(line.get())></i>
                <span>{word}</span>
                <Detail />
            </button>
            <Show when=move || matches!(line.get(), Line::Waiting { .. })>
                <button type="button" class="button" data-testid="try-now" on:click=move |_| realtime.try_now()>
                    {t!(i18n, line.try_now)}
                </button>
            </Show>
            // Readers hear the word when it changes, and no milliseconds.
            <span class="unseen" role="status">
                {move || t_string!(i18n, line.badge, state = word())}
            </span>
            <Show when=move || open.get()>
                <Panel />
            </Show>
        </div>
    }
}

/// The figure beside the word: the round trip, or how long until the next attempt.
#[component]
fn Detail() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let line = realtime.line;
    let tick = events::ticks(250, move || matches!(line.get(), Line::Waiting { .. }));
    let text = move || match line.get() {
        Line::Live(_) => realtime
            .round_trip()
            .map(|n| t_string!(i18n, line.ms, n = n)),
        Line::Waiting { retry_at_ms } => {
            tick.track();
            let seconds = line::seconds_until(retry_at_ms, clock::now_ms());
            Some(match seconds {
                0 => t_string!(i18n, line.now).to_owned(),
                n => t_string!(i18n, line.in_seconds, n = n),
            })
        }
        Line::Connecting { attempt } if attempt > 0 => {
            Some(t_string!(i18n, line.attempt, n = attempt + 1))
        }
        Line::Connecting { .. }
        | Line::Offline
        | Line::Cut
        | Line::SignedOut
        | Line::Stopped(_) => None,
    };
    let text = Memo::new(move |_| text());
    move || {
        text.get()
            .map(|text| view! { <span class="more figures">{text}</span> })
    }
}

/// What one can do about the line.
#[derive(Clone, Copy)]
enum Next {
    Reload,
    TryNow,
}

/// What the badge knows.
#[component]
fn Panel() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let times = formats::use_times();
    let line = realtime.line;
    let next = move || match line.get() {
        Line::Stopped(reason) if words::is_outdated(reason) => Some(Next::Reload),
        Line::Stopped(_) | Line::Waiting { .. } => Some(Next::TryNow),
        Line::Live(_) | Line::Connecting { .. } | Line::Offline | Line::Cut | Line::SignedOut => {
            None
        }
    };
    let reload = move |_| {
        // A page that cannot be reloaded stays as it is.
        let _ = window().location().reload();
    };
    view! {
        <section class="float" role="dialog" aria-label=move || t_string!(i18n, line.badge, state = words::line(i18n, line.get()))>
            <div>
                <h2>{move || words::line(i18n, line.get())}</h2>
                <p class="why">{move || words::line_why(i18n, line.get())}</p>
                {move || words::not_kept(i18n, realtime.kept.get()).map(|words| view! {
                    <p class="why" data-testid="not-kept">{words}</p>
                })}
            </div>
            {move || match next() {
                Some(Next::Reload) => view! {
                    <div>
                        <button type="button" class="button primary" on:click=reload>{t!(i18n, reload)}</button>
                    </div>
                }
                .into_any(),
                Some(Next::TryNow) => view! {
                    <div>
                        <button type="button" class="button" on:click=move |_| realtime.try_now()>
                            {t!(i18n, line.try_now)}
                        </button>
                    </div>
                }
                .into_any(),
                None => ().into_any(),
            }}
            <dl class="facts">
                <dt>{t!(i18n, line.transport)}</dt>
                <dd>{move || words::transport(i18n, line.get())}</dd>
                <dt>{t!(i18n, line.codec)}</dt>
                <dd>"bincode"</dd>
                <dt>{t!(i18n, line.since)}</dt>
                <dd>{move || times.seconds(realtime.since.get())}</dd>
                <dt>{t!(i18n, line.recovered)}</dt>
                <dd data-testid="recovered-total">
                    {move || match realtime.recovered.get() {
                        0 => t_string!(i18n, line.recovered_count.none).to_owned(),
                        count => counted!(i18n, count, line.recovered_count),
                    }}
                </dd>
            </dl>
            <Spark />
            <CutSwitch />
        </section>
    }
}

/// The last round trips.
#[component]
fn Spark() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let range = move || {
        realtime.round_trips.with(|all| {
            let (least, most) = all.iter().min().zip(all.iter().max())?;
            Some(if least == most {
                t_string!(i18n, line.ms, n = *least)
            } else {
                t_string!(i18n, line.round_trip_range, least = *least, most = *most)
            })
        })
    };
    view! {
        <div class="spark">
            <svg viewBox=format!("0 0 {} {}", line::SPARK_WIDTH, line::SPARK_HEIGHT) preserveAspectRatio="none" aria-hidden="true">
                <polyline points=move || realtime.round_trips.with(|all| line::sparkline(all)) />
            </svg>
            <p>
                <span>{t!(i18n, line.round_trip)}</span>
                <span>{move || range().unwrap_or_else(|| t_string!(i18n, line.round_trip_none).to_owned())}</span>
            </p>
        </div>
    }
}

/// Cuts the line on purpose, to see what happens.
#[component]
fn CutSwitch() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let cut = realtime.cut;
    view! {
        <div class="cut">
            <div>
                <p id="cut-label">{t!(i18n, line.cut_switch)}</p>
                <p class="why">{t!(i18n, line.cut_hint)}</p>
            </div>
            <button
                type="button"
                class="switch"
                role="switch"
                data-testid="cut-line"
                aria-labelledby="cut-label"
                aria-checked=move || cut.get().to_string()
                disabled=move || realtime.client.with(Option::is_none)
                on:click=move |_| realtime.set_cut(!cut.get_untracked())
            >
                <i></i>
            </button>
        </div>
    }
}

fn lamp(line: Line) -> &'static str {
    match line {
        Line::Live(_) => "on",
        Line::Connecting { .. } | Line::Waiting { .. } => "busy",
        Line::Offline | Line::Cut | Line::SignedOut => "off",
        Line::Stopped(_) => "fault",
    }
}

/// The transport in one word while there is one, for tests and styles.
fn transport_name(line: Line) -> Option<&'static str> {
    match line {
        Line::Live(transport) => Some(transport.name()),
        _ => None,
    }
}

/// The state in one word, for tests and styles.
fn status_name(line: Line) -> &'static str {
    match line {
        Line::Live(_) => "live",
        Line::Connecting { .. } => "dialing",
        Line::Waiting { .. } => "waiting",
        Line::Offline | Line::Cut => "offline",
        Line::SignedOut | Line::Stopped(_) => "stopped",
    }
}
