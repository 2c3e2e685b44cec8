//! Draws a chart on its canvas.

use trunkline_protocol::topics::ticker::Span;
use trunkline_web_model::ticker::{Chart, Series};
use wasm_bindgen::JsValue;
use web_sys::HtmlCanvasElement;

use crate::browser::canvas::Surface;
use crate::browser::formats::Times;

/// Which part of a series is looked at, and which candle of it.
#[derive(Clone, Copy)]
pub(super) struct LookedAt {
    /// Which candle is pointed at.
    pub(super) pointed: Option<usize>,
    /// How many of the newest are out of sight.
    pub(super) back: usize,
}

/// The chart as it fits on a canvas.
pub(super) fn chart_of(canvas: &HtmlCanvasElement, series: &Series, back: usize) -> Chart {
    let (width, height) = (canvas.client_width(), canvas.client_height());
    Chart::new(series, back, f64::from(width), f64::from(height))
}

/// Draws the chart.
pub(super) fn draw(
    canvas: &HtmlCanvasElement,
    series: &Series,
    looked_at: LookedAt,
    times: Times,
) -> Option<()> {
    let surface = Surface::clear(canvas)?;
    let (context, width, height) = (&surface.context, surface.width, surface.height);
    let put = |result: Result<(), JsValue>| result.ok();
    let of = |name: &str| surface.style(name);
    let (rise, fall) = (of("color")?, of("border-block-start-color")?);
    let line = of("border-block-end-color")?;
    let (words, mark) = (
        of("border-inline-start-color")?,
        of("border-inline-end-color")?,
    );
    let mark_words = of("text-decoration-color")?;
    context.set_font(&format!("12px {}", of("font-family")?));
    context.set_text_baseline("middle");
    context.set_line_width(1.0);
    let chart = Chart::new(series, looked_at.back, width, height);
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
    let shape = looked_at
        .pointed
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
