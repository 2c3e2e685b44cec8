//! The lab: how HTTP and WebSocket differ, shown and measured on the visitor's own machine.
//!
//! A story in steps: the handshake as it was sent, a race of six ways side by side, a line that is
//! cut, the simulator, and a comparison whose claims lead back to what shows them.

mod comparison;
mod cut;
mod cut_words;
mod handshake;
mod race;
mod simulator;

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use self::comparison::Comparison;
use self::cut::CutStep;
use self::handshake::HandshakeStep;
use self::race::RaceStep;
use self::simulator::SimulatorStep;
use crate::i18n::{t, t_string, use_i18n};
use crate::shell::set_title;

/// The page at `/lab`.
#[component]
pub(crate) fn Lab() -> impl IntoView {
    let i18n = use_i18n();
    set_title(move || t_string!(i18n, pages.lab).to_owned(), || None);
    // An address may name a step that was not there yet when the browser looked for it.
    let step = use_location().hash.get_untracked();
    request_animation_frame(move || {
        let step = document().get_element_by_id(step.trim_start_matches('#'));
        step.inspect(|step| step.scroll_into_view());
    });
    view! {
        <div class="lab">
            <header class="lab-lead">
                <h2>{t!(i18n, lab.question)}</h2>
                <p>{t!(i18n, lab.answer)}</p>
                <nav aria-label=move || t_string!(i18n, lab.steps)>
                    <ul>
                        <li><a href="/lab#handshake">{t!(i18n, lab.handshake.title)}</a></li>
                        <li><a href="/lab#race">{t!(i18n, lab.race.title)}</a></li>
                        <li><a href="/lab#cut">{t!(i18n, lab.cut.title)}</a></li>
                        <li><a href="/lab#simulator">{t!(i18n, lab.simulator.title)}</a></li>
                        <li><a href="/lab#comparison">{t!(i18n, lab.comparison.title)}</a></li>
                    </ul>
                </nav>
            </header>
            <HandshakeStep />
            <RaceStep />
            <CutStep />
            <SimulatorStep />
            <Comparison />
        </div>
    }
}
