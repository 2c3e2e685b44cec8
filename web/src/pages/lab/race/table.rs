//! What the lanes took, as a table that fills up, with the spread of latencies drawn beside.

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use trunkline_web_model::lab::{LaneOutcome, RaceOutcome};

use super::words::{bytes, lane_name, micros};
use crate::i18n::{Locale, t, t_string, use_i18n};

/// The scale of the drawn latencies: from a tenth of a millisecond to ten seconds, in microseconds.
const SCALE_US: (f64, f64) = (100.0, 10_000_000.0);

/// The width of a drawing, in its own units.
const WIDTH: f64 = 100.0;

/// The table.
#[component]
pub(super) fn OutcomeTable(
    lanes: RwSignal<Vec<LaneOutcome>>,
    outcome: RwSignal<Option<RaceOutcome>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rows = move || match outcome.get() {
        Some(outcome) => outcome.lanes,
        None => lanes.get(),
    };
    view! {
        <p class="lab-note">{t!(i18n, lab.race.caption)}</p>
        <div class="lab-table" tabindex="0" role="region" aria-label=move || t_string!(i18n, lab.race.table)>
            <table class="figures" data-testid="race-table">
                <thead>
                    <tr>
                        <th scope="col">{t!(i18n, lab.column.lane)}</th>
                        <th scope="col">{t!(i18n, lab.column.arrived)}</th>
                        <th scope="col">{t!(i18n, lab.column.each)}</th>
                        <th scope="col">{t!(i18n, lab.column.up)}</th>
                        <th scope="col">{t!(i18n, lab.column.down)}</th>
                        <th scope="col">{t!(i18n, lab.column.p50)}</th>
                        <th scope="col">{t!(i18n, lab.column.p99)}</th>
                        <th scope="col">{t!(i18n, lab.column.spread)}</th>
                        <th scope="col">{t!(i18n, lab.column.age)}</th>
                        <th scope="col">{t!(i18n, lab.column.merged)}</th>
                        <th scope="col">{t!(i18n, lab.column.requests)}</th>
                        <th scope="col">{t!(i18n, lab.column.cpu)}</th>
                    </tr>
                </thead>
                <tbody>
                    {move || rows().into_iter().map(|lane| row(i18n, &lane)).collect_view()}
                </tbody>
            </table>
        </div>
        {move || outcome.with(|it| it.as_ref().and_then(|it| it.clock_error_us)).map(|error| view! {
            <p class="lab-note">{t_string!(i18n, lab.race.clock_error, error = micros(error as f64))}</p>
        })}
    }
}

fn row(i18n: I18nContext<Locale>, lane: &LaneOutcome) -> impl IntoView + use<> {
    let lane = *lane;
    let time = |us: Option<i64>| us.map_or_else(dash, |us| micros(us as f64));
    let arrived = match lane.missed {
        0 => lane.arrived.to_string(),
        _ => format!("{} / {}", lane.arrived, lane.published),
    };
    view! {
        <tr data-lane=lane.lane.name()>
            <th scope="row">{lane_name(i18n, lane.lane)}</th>
            <td>{arrived}</td>
            <td><strong>{lane.bytes_each().map_or_else(dash, bytes)}</strong></td>
            <td>{bytes(lane.bytes_up as f64)}</td>
            <td>{bytes(lane.bytes_down as f64)}</td>
            <td>{time(lane.p50_us)}</td>
            <td>{time(lane.p99_us)}</td>
            <td>{spread(&lane)}</td>
            <td>{lane.age_us.map_or_else(dash, micros)}</td>
            <td>{lane.merged}</td>
            <td>{lane.requests}</td>
            <td>{lane.cpu_each().map_or_else(dash, micros)}</td>
        </tr>
    }
}

fn dash() -> String {
    "–".to_owned()
}

/// A line from half of the latencies to nearly all, on a logarithmic scale.
fn spread(lane: &LaneOutcome) -> Option<impl IntoView + use<>> {
    let place = |us: i64| {
        let (low, high) = SCALE_US;
        let share = ((us as f64).clamp(low, high) / low).ln() / (high / low).ln();
        share * WIDTH
    };
    let (from, to) = (place(lane.p50_us?), place(lane.p99_us?));
    Some(view! {
        <svg class="spread" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <line x1="0" x2="100" y1="5" y2="5" />
            <rect x=from.to_string() y="2" width=(to - from).max(1.5).to_string() height="6" />
        </svg>
    })
}
