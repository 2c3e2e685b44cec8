//! The race: one feed over six ways at once, side by side and live.
//!
//! `runner` asks for a race and opens the lanes (`over_http`, `over_socket`), each of which tells its
//! `entrant` what comes; `strip` draws it, `table` and `words` say what came out.

mod entrant;
mod over_http;
mod over_socket;
mod runner;
mod strip;
mod table;
mod words;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use trunkline_web_model::lab::{LaneOutcome, RaceOutcome, RaceSettings};

use self::entrant::Entrant;
use self::runner::Problem;
use self::strip::Strips;
use self::table::OutcomeTable;
use self::words::{Conclusions, problem_words};
use crate::browser::{download, fields};
use crate::i18n::{t, t_string, use_i18n};
use crate::realtime::{Task, use_realtime};

/// Where a race is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Preparing,
    Running,
    Over,
    Failed(Problem),
}

/// The state of the section.
#[derive(Clone, Copy)]
struct RaceState {
    phase: RwSignal<Phase>,
    /// The lanes of the last race.
    entrants: StoredValue<Vec<Entrant>, LocalStorage>,
    /// What it came to so far, and in the end.
    so_far: RwSignal<Vec<LaneOutcome>>,
    outcome: RwSignal<Option<RaceOutcome>>,
}

impl RaceState {
    fn is_going_on(self) -> bool {
        self.phase
            .with(|phase| matches!(phase, Phase::Preparing | Phase::Running))
    }
}

/// The section.
#[component]
pub(super) fn RaceStep() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let location = use_location();
    let settings = RwSignal::new(RaceSettings::from_query(&location.search.get_untracked()));
    let state = RaceState {
        phase: RwSignal::new(Phase::Idle),
        entrants: StoredValue::new_local(Vec::new()),
        so_far: RwSignal::new(Vec::new()),
        outcome: RwSignal::new(None),
    };
    let running = StoredValue::new_local(None::<Task>);
    on_cleanup(move || running.set_value(None));
    let navigate = StoredValue::new_local(use_navigate());
    // The address always says how the race is set up.
    Effect::new(move |before: Option<RaceSettings>| {
        let now = settings.get();
        if before.is_some_and(|before| before != now) {
            let options = NavigateOptions {
                replace: true,
                scroll: false,
                ..NavigateOptions::default()
            };
            let to = format!("/lab{}", now.to_query());
            navigate.with_value(|navigate| navigate(&to, options));
        }
        now
    });
    let start = move |_| {
        let client = realtime.client.get_untracked();
        match client {
            Some(client) => {
                let settings = settings.get_untracked();
                let race = runner::run(state, client, settings);
                running.set_value(Some(Task::spawn(race)));
            }
            None => state.phase.set(Phase::Failed(Problem::Offline)),
        }
    };
    let said = move || match state.phase.get() {
        Phase::Idle => t_string!(i18n, lab.race.idle).to_owned(),
        Phase::Preparing => t_string!(i18n, lab.race.preparing).to_owned(),
        Phase::Running => t_string!(i18n, lab.race.running).to_owned(),
        Phase::Over => t_string!(i18n, lab.race.over).to_owned(),
        Phase::Failed(problem) => problem_words(i18n, &problem),
    };
    let failed = move || state.phase.with(|phase| matches!(phase, Phase::Failed(_)));
    view! {
        <section class="lab-step" id="race" aria-labelledby="race-title">
            <header>
                <h2 id="race-title">{t!(i18n, lab.race.title)}</h2>
                <p>{t!(i18n, lab.race.lead)}</p>
            </header>
            <Controls settings disabled=Signal::derive(move || state.is_going_on()) />
            <div class="lab-go">
                <button
                    type="button"
                    class="button primary"
                    data-testid="race-start"
                    disabled=move || state.is_going_on()
                    on:click=start
                >
                    {move || if state.is_going_on() {
                        t_string!(i18n, lab.race.going)
                    } else {
                        t_string!(i18n, lab.race.start)
                    }}
                </button>
                <p
                    class="hint"
                    class:wrong=failed
                    role="status"
                    data-testid="race-status"
                    data-phase=move || state.phase.with(phase_name)
                >
                    {said}
                </p>
            </div>
            <Show when=move || state.is_going_on() || !state.so_far.with(Vec::is_empty)>
                <Strips state />
                <OutcomeTable lanes=state.so_far outcome=state.outcome />
                <Conclusions outcome=state.outcome />
                <Export outcome=state.outcome />
            </Show>
        </section>
    }
}

fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle",
        Phase::Preparing => "preparing",
        Phase::Running => "running",
        Phase::Over => "over",
        Phase::Failed(_) => "failed",
    }
}

/// How the race is set up.
#[component]
fn Controls(
    settings: RwSignal<RaceSettings>,
    #[prop(into)] disabled: Signal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <fieldset class="lab-controls" disabled=disabled>
            <legend class="unseen">{t!(i18n, lab.race.settings)}</legend>
            <Choice
                label=Signal::derive(move || t_string!(i18n, lab.race.rate))
                offered=RaceSettings::RATES.map(u32::from).to_vec()
                value=Signal::derive(move || settings.get().rate.into())
                words=move |n| t_string!(i18n, lab.race.per_second, n = n)
                choose=move |n| settings.update(|it| it.rate = n as u16)
                name="rate"
            />
            <Choice
                label=Signal::derive(move || t_string!(i18n, lab.race.size))
                offered=RaceSettings::SIZES.map(u32::from).to_vec()
                value=Signal::derive(move || settings.get().size.into())
                words=move |n| t_string!(i18n, lab.bytes, n = n)
                choose=move |n| settings.update(|it| it.size = n as u16)
                name="size"
            />
            <Choice
                label=Signal::derive(move || t_string!(i18n, lab.race.poll))
                offered=RaceSettings::POLLS_MS.to_vec()
                value=Signal::derive(move || settings.get().poll_ms)
                words=move |n| t_string!(i18n, lab.ms, n = n)
                choose=move |n| settings.update(|it| it.poll_ms = n)
                name="poll"
            />
            <Choice
                label=Signal::derive(move || t_string!(i18n, lab.race.length))
                offered=RaceSettings::SECONDS.map(u32::from).to_vec()
                value=Signal::derive(move || settings.get().seconds.into())
                words=move |n| t_string!(i18n, lab.seconds, n = n)
                choose=move |n| settings.update(|it| it.seconds = n as u8)
                name="seconds"
            />
        </fieldset>
    }
}

/// One of some numbers. What an address asks for is offered, too.
#[component]
fn Choice(
    #[prop(into)] label: Signal<&'static str>,
    offered: Vec<u32>,
    #[prop(into)] value: Signal<u32>,
    words: impl Fn(u32) -> String + Copy + Send + Sync + 'static,
    choose: impl Fn(u32) + Copy + Send + Sync + 'static,
    name: &'static str,
) -> impl IntoView {
    let all = move || {
        let mut all = offered.clone();
        if !all.contains(&value.get()) {
            all.push(value.get());
            all.sort_unstable();
        }
        all
    };
    let change = move |event| {
        if let Ok(chosen) = fields::value(&event).parse() {
            choose(chosen);
        }
    };
    view! {
        <label class="lab-choice">
            <span>{label}</span>
            <select class="input" name=name data-testid=format!("race-{name}") on:change=change>
                {move || all().into_iter().map(|n| view! {
                    <option value=n.to_string() selected=move || value.get() == n>{move || words(n)}</option>
                }).collect_view()}
            </select>
        </label>
    }
}

/// Lets one keep the outcome, and come back to this very race.
#[component]
fn Export(outcome: RwSignal<Option<RaceOutcome>>) -> impl IntoView {
    let i18n = use_i18n();
    let json = move || {
        let agent = window().navigator().user_agent().unwrap_or_default();
        outcome.with(|outcome| outcome.as_ref().map(|it| it.to_json(&agent)))
    };
    let save = move |_| {
        if let Some(json) = json() {
            download::offer("trunkline-lab.json", "application/json", &json);
        }
    };
    view! {
        <Show when=move || outcome.with(Option::is_some)>
            <div class="lab-go">
                <button type="button" class="button" data-testid="race-save" on:click=save>
                    {t!(i18n, lab.race.save)}
                </button>
                <p class="hint">{t!(i18n, lab.race.permalink)}</p>
            </div>
            <details class="lab-more">
                <summary>{t!(i18n, lab.race.json)}</summary>
                <pre class="mono" tabindex="0" data-testid="race-json">{json}</pre>
            </details>
        </Show>
    }
}
