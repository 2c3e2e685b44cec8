//! The inbox: what is unread first, then the rest, each by the days.

use std::collections::BTreeSet;

use leptos::prelude::*;
use trunkline_protocol::{GapCause, Offset};

use super::model::{Note, Row, rows};
use super::row::AlertRow;
use super::toolbar::Toolbar;
use super::use_alerts;
use crate::browser::{clock, formats};
use crate::components::{Glyph, Icon};
use crate::following::{Following, Older};
use crate::i18n::{t, t_string, use_i18n};
use crate::words::{self, counted};

/// The inbox.
#[component]
pub(super) fn InboxView() -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    let layout = Memo::new(move |_| {
        let now = alerts.now.get();
        alerts.inbox.with(|inbox| rows(inbox, now, clock::day))
    });
    let shown = Memo::new(move |_| {
        layout.with(|rows| {
            let offsets = rows.iter().filter_map(|row| match row {
                Row::Alert { offset, .. } => Some(*offset),
                Row::Unread | Row::Earlier | Row::Day { .. } => None,
            });
            offsets.collect::<Vec<Offset>>()
        })
    });
    let selected = RwSignal::new(BTreeSet::new());
    // What is gone, perhaps by another tab, is not selected any more.
    Effect::new(move |_| {
        let kept = shown.with(|shown| {
            selected.with_untracked(|selected| {
                let still = selected.iter().filter(|it| shown.contains(it));
                still.copied().collect::<BTreeSet<Offset>>()
            })
        });
        if selected.with_untracked(|selected| kept.len() < selected.len()) {
            selected.set(kept);
        }
    });
    view! {
        <section class="inbox" aria-label=move || t_string!(i18n, alerts.inbox) data-testid="inbox">
            <Toolbar shown selected />
            <Trouble />
            <TimeAway />
            <ul class="alert-list">
                <For each=move || layout.get() key=|row| *row let:row>
                    <RowView row selected />
                </For>
            </ul>
            <Bottom shown />
        </section>
    }
}

#[component]
fn RowView(row: Row, selected: RwSignal<BTreeSet<Offset>>) -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    let times = formats::use_times();
    match row {
        Row::Unread => {
            view! { <li class="alert-part"><h2>{t!(i18n, alerts.still_unread)}</h2></li> }
                .into_any()
        }
        Row::Earlier => {
            view! { <li class="alert-part"><h2>{t!(i18n, alerts.earlier)}</h2></li> }.into_any()
        }
        Row::Day { at, .. } => {
            view! { <li class="alert-day"><h3>{move || times.day(at)}</h3></li> }.into_any()
        }
        Row::Alert { offset, unread } => {
            let alert = alerts
                .inbox
                .with_untracked(|inbox| inbox.get(offset).cloned());
            alert
                .map(|alert| view! { <AlertRow offset unread alert selected /> })
                .into_any()
        }
    }
}

/// What keeps the inbox from being up to date, and what was refused.
#[component]
fn Trouble() -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    let state = move || match alerts.state.get() {
        Following::Lost => Some(t_string!(i18n, alerts.lost).to_owned()),
        Following::Outdated => Some(t_string!(i18n, alerts.outdated).to_owned()),
        Following::Refused(code) => Some(t_string!(
            i18n,
            alerts.refused,
            why = words::error(i18n, code)
        )),
        Following::Opening | Following::Here => None,
    };
    let failed = move || {
        let code = alerts.failed.get()?;
        Some(t_string!(
            i18n,
            alerts.failed,
            why = words::error(i18n, code)
        ))
    };
    let notice = |words: String, fault: bool| {
        view! {
            <div class="notice" class:fault=fault role="status" data-testid="alerts-trouble">
                <Icon glyph=Glyph::Warning />
                <p>{words}</p>
            </div>
        }
    };
    view! {
        {move || state().map(|words| notice(words, false))}
        {move || failed().map(|words| notice(words, true))}
    }
}

/// What became of the time without a line.
#[component]
fn TimeAway() -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    let times = formats::use_times();
    let note = Memo::new(move |_| alerts.inbox.with(|inbox| inbox.note()));
    let words = move |note: Note| match note {
        Note::Recovered {
            count,
            lost_at,
            back_at,
        } => {
            let (from, to) = (times.seconds(lost_at), times.seconds(back_at));
            if count == 1 {
                t_string!(i18n, alerts.recovered.one, n = count, from = from, to = to)
            } else {
                t_string!(i18n, alerts.recovered.many, n = count, from = from, to = to)
            }
        }
        Note::Gap(gap) if gap.cause == GapCause::Epoch => {
            t_string!(i18n, alerts.gap_epoch).to_owned()
        }
        Note::Gap(gap) => counted!(i18n, gap.count, alerts.gap),
    };
    move || {
        note.get().map(|note| {
            view! {
                <div class="notice" role="status" data-testid="alerts-note">
                    <Icon glyph=Glyph::Clock />
                    <p>{move || words(note)}</p>
                    <button
                        type="button"
                        class="button quiet"
                        on:click=move |_| alerts.inbox.update(|inbox| inbox.put_note_away())
                    >
                        {t!(i18n, alerts.understood)}
                    </button>
                </div>
            }
        })
    }
}

/// What stands below: more to read, or that there is nothing.
#[component]
fn Bottom(shown: Memo<Vec<Offset>>) -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    let more = Memo::new(move |_| alerts.has_older());
    let empty = Memo::new(move |_| shown.with(Vec::is_empty));
    move || match (more.get(), empty.get(), alerts.state.get()) {
        (true, ..) => view! {
            <div class="alerts-more">
                <button
                    type="button"
                    class="button quiet"
                    data-testid="alerts-older"
                    disabled=move || alerts.older.get() == Older::Loading
                    on:click=move |_| alerts.load_older()
                >
                    {move || if alerts.older.get() == Older::Loading {
                        t_string!(i18n, alerts.loading)
                    } else {
                        t_string!(i18n, alerts.older)
                    }}
                </button>
            </div>
        }
        .into_any(),
        (_, true, Following::Here) => view! {
            <div class="empty" data-testid="alerts-empty">
                <Icon glyph=Glyph::Bell />
                <strong>{t!(i18n, alerts.empty_title)}</strong>
                <p>{t!(i18n, alerts.empty)}</p>
            </div>
        }
        .into_any(),
        (_, true, Following::Opening) => {
            view! { <p class="empty">{t!(i18n, alerts.opening)}</p> }.into_any()
        }
        (_, true, Following::Lost) => {
            view! { <p class="empty">{t!(i18n, alerts.opening_offline)}</p> }.into_any()
        }
        _ => ().into_any(),
    }
}
