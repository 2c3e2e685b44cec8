//! How the line is, as a game feels it.

use leptos::prelude::*;

use super::table::Table;
use crate::i18n::{t, t_string, use_i18n};

/// The round trip, what was lost, and how far predictions were off.
#[component]
pub(super) fn Corner() -> impl IntoView {
    let i18n = use_i18n();
    let table: Table = expect_context();
    let trip = move || match table.told.with(|told| told.round_trip_ms) {
        Some(ms) if ms < 10.0 => t_string!(i18n, arena.ms, n = format!("{ms:.1}")),
        Some(ms) => t_string!(i18n, arena.ms, n = format!("{ms:.0}")),
        None => "–".to_owned(),
    };
    view! {
        <dl class="arena-corner figures" data-testid="arena-corner">
            <div>
                <dt>{t!(i18n, arena.ping)}</dt>
                <dd data-testid="arena-ping">{trip}</dd>
            </div>
            <div title=move || t_string!(i18n, arena.late_title)>
                <dt>{t!(i18n, arena.late)}</dt>
                <dd>{move || table.told.with(|told| told.late)}</dd>
            </div>
            <div title=move || t_string!(i18n, arena.skipped_title)>
                <dt>{t!(i18n, arena.skipped)}</dt>
                <dd>{move || table.told.with(|told| told.skipped)}</dd>
            </div>
            <div title=move || t_string!(i18n, arena.error_title)>
                <dt>{t!(i18n, arena.error)}</dt>
                <dd>{move || table.told.with(|told| format!("{:.1}", told.error))}</dd>
            </div>
            {move || table.told.with(|told| (told.desyncs > 0).then(|| view! {
                <div class="wrong" role="alert">
                    <dt>{t!(i18n, arena.desync)}</dt>
                    <dd>{told.desyncs}</dd>
                </div>
            }))}
        </dl>
    }
}
