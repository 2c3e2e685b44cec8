//! The candles of a symbol, drawn on a canvas, with volumes below.

use leptos::ev::{KeyboardEvent, PointerEvent, WheelEvent};
use leptos::html::Canvas;
use leptos::prelude::*;
use leptos_i18n::I18nContext;
use trunkline_protocol::topics::ticker::{CANDLES_MAX, CandlesRequest, ReadCandles, Span};
use trunkline_web_model::ticker::{Chart, STEP, Series, count_text, price_text};

use super::desk::Desk;
use super::drawing::{LookedAt, chart_of, draw};
use crate::browser::formats::{Times, use_times};
use crate::browser::{events, fields};
use crate::i18n::{Locale, t_string, use_i18n};
use crate::realtime::{Task, use_realtime};
use crate::theme::use_theme;

/// How often the server is asked what it knows, in milliseconds.
const ASK_MS: u32 = 5_000;

/// The chart and the choice of a span.
#[component]
pub(super) fn Candles(symbol: u16) -> impl IntoView {
    let i18n = use_i18n();
    let times = use_times();
    let desk: Desk = expect_context();
    let realtime = use_realtime();
    let span = RwSignal::new(Span::Minute);
    let series = RwSignal::new(Series::new(Span::Minute));
    let pointed = RwSignal::new(None::<usize>);
    // How many of the newest candles are out of sight at the right.
    let back = RwSignal::new(0_usize);
    // Where a drag began, and how far back one looked then.
    let held = RwSignal::new(None::<(i32, usize)>);
    let canvas = NodeRef::<Canvas>::new();
    let asking = StoredValue::new_local(None::<Task>);
    Effect::new(move |_| {
        let span = span.get();
        series.set(Series::new(span));
        pointed.set(None);
        back.set(0);
        asking.set_value(Some(Task::spawn(ask(desk, symbol, span, series))));
    });
    on_cleanup(move || asking.set_value(None));
    // What arrives lets the last candle grow before the server is asked again.
    let quote = Memo::new(move |_| desk.with(|board| board.row(symbol)?.quote));
    Effect::new(move |_| {
        if let Some(quote) = quote.get() {
            let at = realtime.server_now_untracked();
            series.update(|series| {
                if !series.candles().is_empty() {
                    series.take_quote(at, quote);
                }
            });
        }
    });
    let theme = use_theme();
    // Another symbol may be shown before the next frame.
    let redraw = move || {
        let canvas = canvas.try_get_untracked().flatten()?;
        let looked_at = LookedAt {
            pointed: pointed.try_get_untracked().flatten(),
            back: back.try_get_untracked()?,
        };
        series.try_with_untracked(|series| draw(&canvas, series, looked_at, times))?
    };
    Effect::new(move |_| {
        series.track();
        pointed.track();
        back.track();
        canvas.track();
        theme.track();
        i18n.get_locale();
        request_animation_frame(move || {
            redraw();
        });
    });
    events::on_window(leptos::ev::resize, move |_| {
        redraw();
    });
    let look_back = move |candles: usize| {
        let count = series.with_untracked(|series| series.candles().len());
        back.set(candles.min(count.saturating_sub(1)));
    };
    let point = move |event: PointerEvent| {
        if let Some((from, before)) = held.get_untracked() {
            let moved = (f64::from(event.client_x() - from) / STEP) as isize;
            return look_back(before.saturating_add_signed(moved));
        }
        if let Some(canvas) = canvas.get_untracked() {
            pointed.set(series.with_untracked(|series| {
                let chart = chart_of(&canvas, series, back.get_untracked());
                let place = chart.at(f64::from(event.offset_x()))?;
                Some(chart.first + place)
            }));
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let count = series.with_untracked(|series| series.candles().len());
        let now = pointed.get_untracked().unwrap_or(count);
        let next = match fields::key(&event).as_str() {
            "ArrowLeft" => now.saturating_sub(1),
            "ArrowRight" => now + 1,
            "Escape" => count,
            _ => return,
        };
        event.prevent_default();
        pointed.set(Some(next).filter(|next| *next < count));
        // What is pointed at comes into sight.
        let shown = canvas.get_untracked().map(|canvas| {
            series.with_untracked(|series| chart_of(&canvas, series, back.get_untracked()))
        });
        if let Some(Chart { first, shapes, .. }) = shown {
            if next < first {
                look_back(back.get_untracked() + (first - next));
            } else if next >= first + shapes.len() {
                look_back((count - 1).saturating_sub(next));
            }
        }
    };
    let hold = move |event: PointerEvent| {
        held.set(Some((event.client_x(), back.get_untracked())));
        pointed.set(None);
    };
    let on_wheel = move |event: WheelEvent| {
        // Up and down is for the page.
        let candles = (event.delta_x() / STEP) as isize;
        if candles != 0 && event.delta_x().abs() > event.delta_y().abs() {
            event.prevent_default();
            look_back(back.get_untracked().saturating_add_signed(-candles));
        }
    };
    view! {
        <div class="chart-head">
            <div class="choice" role="group" aria-label=move || t_string!(i18n, ticker.span.label)>
                {Span::ALL.map(|each| view! {
                    <button
                        type="button"
                        data-testid=format!("span-{}", each.seconds())
                        aria-pressed=move || (span.get() == each).to_string()
                        on:click=move |_| span.set(each)
                    >
                        {move || span_words(i18n, each)}
                    </button>
                })}
            </div>
            <p class="hint figures" data-testid="candle-legend">{move || series.with(|series| legend(i18n, times, series, pointed.get()))}</p>
        </div>
        <canvas
            class="candles"
            node_ref=canvas
            tabindex="0"
            role="img"
            data-testid="candles"
            data-count=move || series.with(|series| series.candles().len())
            aria-label=move || t_string!(i18n, ticker.chart, symbol = desk.peek(|board| board.ticker(symbol)))
            on:pointermove=point
            on:pointerdown=hold
            on:pointerup=move |_| held.set(None)
            on:pointercancel=move |_| held.set(None)
            on:pointerleave=move |_| {
                held.set(None);
                pointed.set(None);
            }
            on:wheel=on_wheel
            on:keydown=on_key
        ></canvas>
    }
}

/// Asks for candles now and again and again.
async fn ask(desk: Desk, symbol: u16, span: Span, series: RwSignal<Series>) {
    loop {
        if let Some(client) = desk.client() {
            let request = CandlesRequest {
                board: desk.board_text(),
                symbol,
                span,
                count: CANDLES_MAX as u16,
            };
            if let Ok(told) = client.call::<ReadCandles>(&request).await {
                // The page may be left meanwhile.
                let _ = series.try_update(|series| series.take_candles(told));
            }
        }
        gloo_timers::future::TimeoutFuture::new(ASK_MS).await;
    }
}

fn span_words(i18n: I18nContext<Locale>, span: Span) -> &'static str {
    match span {
        Span::FiveSeconds => t_string!(i18n, ticker.span.five_seconds),
        Span::Minute => t_string!(i18n, ticker.span.minute),
        Span::FiveMinutes => t_string!(i18n, ticker.span.five_minutes),
        Span::Day => t_string!(i18n, ticker.span.day),
    }
}

/// The candle that is pointed at, or the newest, in words.
fn legend(
    i18n: I18nContext<Locale>,
    times: Times,
    series: &Series,
    pointed: Option<usize>,
) -> String {
    let candles = series.candles();
    let candle = pointed
        .and_then(|place| candles.get(place))
        .or(candles.last());
    let Some(candle) = candle else {
        return t_string!(i18n, ticker.no_candles).to_owned();
    };
    t_string!(
        i18n,
        ticker.legend,
        at = times.seconds(candle.start),
        open = price_text(candle.open),
        high = price_text(candle.high),
        low = price_text(candle.low),
        close = price_text(candle.close),
        volume = count_text(candle.volume)
    )
}
