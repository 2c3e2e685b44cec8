//! The words for what came out of a race, drawn from its figures.

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use trunkline_protocol::topics::lab::Lane;
use trunkline_web_model::lab::{Finding, Measure, RaceOutcome};

use super::runner::Problem;
use crate::i18n::{Locale, t, t_string, use_i18n};
use crate::words::error;

/// The conclusions.
#[component]
pub(super) fn Conclusions(outcome: RwSignal<Option<RaceOutcome>>) -> impl IntoView {
    let i18n = use_i18n();
    let sentences = move || {
        let all = outcome.with(|it| it.as_ref().map(|it| it.findings.clone()));
        let all = all.unwrap_or_default();
        let best = !all.iter().any(|it| matches!(it, Finding::NotBest { .. }));
        let mut sentences: Vec<String> = all.iter().map(|it| finding(i18n, it)).collect();
        if best && !sentences.is_empty() {
            sentences.push(t_string!(i18n, lab.finding.always_best).to_owned());
        }
        sentences
    };
    view! {
        <Show when=move || outcome.with(Option::is_some)>
            <div class="lab-findings" data-testid="race-findings">
                <h3>{t!(i18n, lab.finding.title)}</h3>
                <ul>
                    {move || sentences().into_iter().map(|it| view! { <li>{it}</li> }).collect_view()}
                </ul>
            </div>
        </Show>
    }
}

fn finding(i18n: I18nContext<Locale>, finding: &Finding) -> String {
    let name = |lane: &Lane| lane_name(i18n, *lane);
    match finding {
        Finding::Hidden => t_string!(i18n, lab.finding.hidden).to_owned(),
        Finding::Silent { lane } => t_string!(i18n, lab.finding.silent, lane = name(lane)),
        Finding::Range {
            measure,
            best,
            least,
            alike,
            last,
            most,
        } => {
            let (best, last) = (name(best), name(last));
            let (least, most) = (value(*measure, *least), value(*measure, *most));
            macro_rules! sentence {
                ($key:ident) => {
                    t_string!(
                        i18n,
                        lab.finding.$key,
                        best = best,
                        least = least,
                        last = last,
                        most = most
                    )
                };
            }
            let sentence = match measure {
                Measure::Bytes => sentence!(bytes),
                Measure::Latency => sentence!(latency),
                Measure::Worst => sentence!(worst),
                Measure::Age => sentence!(age),
                Measure::Cpu => sentence!(cpu),
            };
            if alike.is_empty() {
                return sentence;
            }
            let lanes = alike.iter().map(name).collect::<Vec<_>>().join(", ");
            format!(
                "{sentence} {}",
                t_string!(i18n, lab.finding.alike, lanes = lanes)
            )
        }
        Finding::NotBest {
            measure,
            best,
            least,
            socket,
        } => t_string!(
            i18n,
            lab.finding.not_best,
            measure = measure_name(i18n, *measure),
            best = name(best),
            least = value(*measure, *least),
            socket = value(*measure, *socket)
        ),
        Finding::Codec { json, bincode } => t_string!(
            i18n,
            lab.finding.codec,
            json = bytes(*json),
            bincode = bytes(*bincode)
        ),
        Finding::Merged { lane, count, of } => {
            t_string!(
                i18n,
                lab.finding.merged,
                lane = name(lane),
                count = *count,
                of = *of
            )
        }
        Finding::Missed { lane, count, of } => {
            t_string!(
                i18n,
                lab.finding.missed,
                lane = name(lane),
                count = *count,
                of = *of
            )
        }
        Finding::Requests { lane, count, ticks } => {
            t_string!(
                i18n,
                lab.finding.requests,
                lane = name(lane),
                count = *count,
                ticks = *ticks
            )
        }
    }
}

fn measure_name(i18n: I18nContext<Locale>, measure: Measure) -> &'static str {
    match measure {
        Measure::Bytes => t_string!(i18n, lab.measure.bytes),
        Measure::Latency => t_string!(i18n, lab.measure.latency),
        Measure::Worst => t_string!(i18n, lab.measure.worst),
        Measure::Age => t_string!(i18n, lab.measure.age),
        Measure::Cpu => t_string!(i18n, lab.measure.cpu),
    }
}

fn value(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Bytes => bytes(value),
        Measure::Latency | Measure::Worst | Measure::Age | Measure::Cpu => micros(value),
    }
}

/// The name of a lane.
pub(super) fn lane_name(i18n: I18nContext<Locale>, lane: Lane) -> &'static str {
    match lane {
        Lane::Poll => t_string!(i18n, lab.lane.poll),
        Lane::LongPoll => t_string!(i18n, lab.lane.long_poll),
        Lane::Events => t_string!(i18n, lab.lane.events),
        Lane::Stream => t_string!(i18n, lab.lane.stream),
        Lane::SocketJson => t_string!(i18n, lab.lane.socket_json),
        Lane::Socket => t_string!(i18n, lab.lane.socket),
    }
}

/// Why there is no race, and what to do.
pub(super) fn problem_words(i18n: I18nContext<Locale>, problem: &Problem) -> String {
    match problem {
        Problem::NoLanes => t_string!(i18n, lab.race.no_lanes).to_owned(),
        Problem::Busy(seconds) => t_string!(i18n, lab.race.busy, n = *seconds),
        Problem::Offline => t_string!(i18n, lab.offline).to_owned(),
        Problem::Refused(code) => error(i18n, *code),
    }
}

/// A number of bytes with its unit, with three figures.
pub(super) fn bytes(value: f64) -> String {
    match value {
        ..10_000.0 => format!("{} B", figures(value)),
        ..10_000_000.0 => format!("{} kB", figures(value / 1e3)),
        _ => format!("{} MB", figures(value / 1e6)),
    }
}

/// A time with its unit, with three figures.
pub(super) fn micros(value: f64) -> String {
    match value.abs() {
        ..1000.0 => format!("{} µs", figures(value)),
        ..1_000_000.0 => format!("{} ms", figures(value / 1e3)),
        _ => format!("{} s", figures(value / 1e6)),
    }
}

fn figures(value: f64) -> String {
    match value.abs() {
        ..10.0 if value.fract() != 0.0 => format!("{value:.2}"),
        ..100.0 if value.fract() != 0.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
