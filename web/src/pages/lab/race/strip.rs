//! The lanes as they are seen: each arrival is a dot that wanders off to the left.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlCanvasElement;

use super::RaceState;
use super::entrant::{Entrant, WINDOW_MS};
use super::words::lane_name;
use crate::browser::canvas::Surface;
use crate::browser::clock::now_us;
use crate::browser::{events, motion};
use crate::i18n::{t_string, use_i18n};
use crate::theme::use_theme;

/// A dot that is this late stands at the bottom, in microseconds. The scale is logarithmic, from a
/// tenth of a millisecond.
const LATEST_US: f64 = 10_000_000.0;
const SOONEST_US: f64 = 100.0;

/// The strips of all lanes.
#[component]
pub(super) fn Strips(state: RaceState) -> impl IntoView {
    let i18n = use_i18n();
    let going_on = Memo::new(move |_| state.is_going_on());
    let drawn_ms = StoredValue::new(0.0);
    // Afterwards, its end is drawn again in other colours and sizes.
    let theme = use_theme();
    let draw_end = move || draw_all(state, drawn_ms.get_value());
    Effect::new(move |_| {
        theme.track();
        request_animation_frame(draw_end);
    });
    events::on_window(leptos::ev::resize, move |_| draw_end());
    // While a race goes on, all of them are drawn before each frame.
    Effect::new(move |_| {
        if going_on.get() {
            draw_again(state, going_on, drawn_ms);
        }
    });
    let lanes = Memo::new(move |_| {
        going_on.track();
        state.so_far.track();
        state
            .entrants
            .with_value(|entrants| entrants.iter().map(|it| it.lane).collect::<Vec<_>>())
    });
    view! {
        <ul class="strips" aria-label=move || t_string!(i18n, lab.race.strips)>
            <For each=move || lanes.get() key=|lane| *lane let:lane>
                {
                    let trouble = move || {
                        state.so_far.track();
                        state.entrants.with_value(|entrants| {
                            let entrant = entrants.iter().find(|it| it.lane == lane)?;
                            entrant.with(|told| told.trouble.clone())
                        })
                    };
                    let count = move || state.so_far.with(|all| {
                        all.iter().find(|it| it.lane == lane).map_or(0, |it| it.arrived)
                    });
                    view! {
                        <li data-lane=lane.name()>
                            <span class="name">{move || lane_name(i18n, lane)}</span>
                            <canvas data-lane=lane.name() aria-hidden="true"></canvas>
                            <span class="figures">{count}</span>
                            {move || trouble().map(|why| view! {
                                <span class="hint wrong">{t_string!(i18n, lab.race.trouble, why = why)}</span>
                            })}
                        </li>
                    }
                }
            </For>
        </ul>
    }
}

/// Draws now, and before the next frame as long as the race goes on.
fn draw_again(state: RaceState, going_on: Memo<bool>, drawn_ms: StoredValue<f64>) {
    // The page may be left meanwhile.
    if going_on.try_get_untracked() != Some(true) {
        return;
    }
    let now_ms = now_us() as f64 / 1000.0;
    drawn_ms.try_set_value(now_ms);
    draw_all(state, now_ms);
    let next = move || draw_again(state, going_on, drawn_ms);
    if motion::is_reduced() {
        set_timeout(next, std::time::Duration::from_millis(500));
    } else {
        request_animation_frame(next);
    }
}

fn draw_all(state: RaceState, now_ms: f64) {
    let drawn = state.entrants.try_with_value(|entrants| {
        for entrant in entrants {
            let place = format!("canvas[data-lane=\"{}\"]", entrant.lane.name());
            let canvas = document().query_selector(&place).ok().flatten();
            if let Some(canvas) = canvas.and_then(|it| it.dyn_into::<HtmlCanvasElement>().ok()) {
                draw(entrant, &canvas, now_ms);
            }
        }
    });
    // Nobody looks at a page that is left.
    drawn.unwrap_or_default();
}

/// Draws a lane as it is at a time, in milliseconds since the page was opened.
fn draw(entrant: &Entrant, canvas: &HtmlCanvasElement, now_ms: f64) -> Option<()> {
    let surface = Surface::clear(canvas)?;
    surface.context.set_fill_style_str(&surface.style("color")?);
    let (top, room) = (4.0, surface.height - 8.0);
    entrant.with(|told| {
        while told
            .dots
            .front()
            .is_some_and(|dot| now_ms - dot.at_ms > WINDOW_MS)
        {
            told.dots.pop_front();
        }
        for dot in &told.dots {
            let x = surface.width * (1.0 - (now_ms - dot.at_ms) / WINDOW_MS) - 3.0;
            let late = (dot.latency_us as f64).clamp(SOONEST_US, LATEST_US) / SOONEST_US;
            let y = top + room * late.ln() / (LATEST_US / SOONEST_US).ln();
            surface.circle((x, y), 2.5);
            surface.context.fill();
        }
        Some(())
    })
}
