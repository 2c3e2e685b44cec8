//! The candles of a symbol, drawn on a canvas, with volumes below.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html::Canvas;
use leptos::prelude::*;
use leptos_i18n::I18nContext;
use trunkline_protocol::topics::ticker::{CANDLES_MAX, CandlesRequest, ReadCandles, Span};
use trunkline_web_model::ticker::{Chart, Series, count_text, price_text};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::CanvasRenderingContext2d;

use super::desk::Desk;
use crate::browser::formats::{Times, use_times};
use crate::browser::{clock, events};
use crate::i18n::{Locale, t_string, use_i18n};
use crate::realtime::Task;
use crate::theme::use_theme;

/// How often the server is asked what it knows, in milliseconds.
const ASK_MS: u32 = 5_000;

/// The chart and the choice of a span.
#[component]
pub(super) fn Candles(symbol: u16) -> impl IntoView {
    let i18n = use_i18n();
    let times = use_times();
    let desk: Desk = expect_context();
    let span = RwSignal::new(Span::Minute);
    let series = RwSignal::new(Series::new(Span::Minute));
    let pointed = RwSignal::new(None::<usize>);
    let canvas = NodeRef::<Canvas>::new();
    let asking = StoredValue::new_local(None::<Task>);
    Effect::new(move |_| {
        let span = span.get();
        series.set(Series::new(span));
        pointed.set(None);
        asking.set_value(Some(Task::spawn(ask(desk, symbol, span, series))));
    });
    on_cleanup(move || asking.set_value(None));
    // What arrives lets the last candle grow before the server is asked again.
    let quote = Memo::new(move |_| desk.with(|board| board.row(symbol)?.quote));
    Effect::new(move |_| {
        if let Some(quote) = quote.get() {
            let at = clock::timestamp();
            series.update(|series| {
                if !series.candles().is_empty() {
                    series.take_quote(at, quote);
                }
            });
        }
    });
    let theme = use_theme();
    let draw = move || {
        if let Some(canvas) = canvas.get_untracked() {
            series.with_untracked(|series| {
                draw(&canvas, series, pointed.get_untracked(), times);
            });
        }
    };
    Effect::new(move |_| {
        series.track();
        pointed.track();
        canvas.track();
        theme.track();
        i18n.get_locale();
        request_animation_frame(draw);
    });
    events::on_window(leptos::ev::resize, move |_| draw());
    let point = move |event: PointerEvent| {
        if let Some(canvas) = canvas.get_untracked() {
            pointed.set(series.with_untracked(|series| {
                let chart = chart_of(&canvas, series);
                let place = chart.at(f64::from(event.offset_x()))?;
                Some(chart.first + place)
            }));
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let count = series.with_untracked(|series| series.candles().len());
        let now = pointed.get_untracked().unwrap_or(count);
        let next = match event.key().as_str() {
            "ArrowLeft" => now.saturating_sub(1),
            "ArrowRight" => now + 1,
            "Escape" => count,
            _ => return,
        };
        event.prevent_default();
        pointed.set(Some(next).filter(|next| *next < count));
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
            on:pointerleave=move |_| pointed.set(None)
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

fn chart_of(canvas: &web_sys::HtmlCanvasElement, series: &Series) -> Chart {
    let (width, height) = (canvas.client_width(), canvas.client_height());
    Chart::new(series, f64::from(width), f64::from(height))
}

/// Draws the chart.
fn draw(
    canvas: &web_sys::HtmlCanvasElement,
    series: &Series,
    pointed: Option<usize>,
    times: Times,
) -> Option<()> {
    let scale = window().device_pixel_ratio().clamp(1.0, 3.0);
    let (width, height) = (canvas.client_width(), canvas.client_height());
    let size = |css: i32| (f64::from(css) * scale) as u32;
    if canvas.width() != size(width) || canvas.height() != size(height) {
        canvas.set_width(size(width));
        canvas.set_height(size(height));
    }
    let (width, height) = (f64::from(width), f64::from(height));
    let context = canvas.get_context("2d").ok().flatten()?;
    let context: CanvasRenderingContext2d = context.dyn_into().ok()?;
    let put = |result: Result<(), JsValue>| result.ok();
    put(context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0))?;
    context.clear_rect(0.0, 0.0, width, height);
    let style = window().get_computed_style(canvas).ok().flatten()?;
    let of = |name: &str| style.get_property_value(name).ok();
    let (rise, fall) = (of("--rise")?, of("--fall")?);
    let (line, words) = (of("--line")?, of("--ink-soft")?);
    let (mark, mark_words) = (of("--ink")?, of("--canvas")?);
    context.set_font(&format!("12px {}", of("font-family")?));
    context.set_text_baseline("middle");
    context.set_line_width(1.0);
    let chart = Chart::new(series, width, height);
    let across = |x: f64, y: f64, to_x: f64, to_y: f64| {
        context.begin_path();
        context.move_to(x, y);
        context.line_to(to_x, to_y);
        context.stroke();
    };
    // On the middle of a pixel, or a line is two pixels wide.
    let sharp = |at: f64| at.floor() + 0.5;
    context.set_stroke_style_str(&line);
    context.set_fill_style_str(&words);
    context.set_text_align("left");
    for tick in &chart.prices {
        across(0.0, sharp(tick.at), chart.right, sharp(tick.at));
        put(context.fill_text(&tick.says, chart.right + 8.0, tick.at))?;
    }
    across(0.0, sharp(chart.floor), chart.right, sharp(chart.floor));
    context.set_text_align("center");
    for tick in &chart.times {
        let says = if series.span() == Span::FiveSeconds {
            times.seconds(tick.says)
        } else {
            times.time(tick.says)
        };
        let x = tick.at.clamp(32.0, (chart.right - 32.0).max(32.0));
        put(context.fill_text(&says, x, chart.floor + 12.0))?;
    }
    for shape in &chart.shapes {
        let colour = if shape.rose { &rise } else { &fall };
        context.set_stroke_style_str(colour);
        context.set_fill_style_str(colour);
        let middle = sharp(shape.middle());
        across(middle, shape.high, middle, shape.low);
        context.fill_rect(shape.left, shape.top, shape.width, shape.height);
        context.set_global_alpha(0.35);
        let volume = chart.floor - shape.volume;
        context.fill_rect(shape.left, shape.volume, shape.width, volume);
        context.set_global_alpha(1.0);
    }
    let shape = pointed
        .and_then(|place| place.checked_sub(chart.first))
        .and_then(|place| chart.shapes.get(place));
    if let Some(shape) = shape {
        context.set_stroke_style_str(&words);
        let middle = sharp(shape.middle());
        across(middle, 0.0, middle, chart.floor);
    }
    if let Some(newest) = &chart.newest {
        context.set_fill_style_str(&mark);
        context.fill_rect(
            chart.right + 2.0,
            newest.at - 9.0,
            width - chart.right - 2.0,
            18.0,
        );
        context.set_fill_style_str(&mark_words);
        context.set_text_align("left");
        put(context.fill_text(&newest.says, chart.right + 8.0, newest.at))?;
    }
    Some(())
}
