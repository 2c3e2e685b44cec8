//! One row of the log: a message, or a line between messages.

use leptos::prelude::*;
use trunkline_protocol::{Gap, GapCause, Timestamp};

use super::message::Message;
use super::model::{RowKey, RowKind};
use super::room::Room;
use crate::browser::{clock, formats};
use crate::i18n::{t, t_string, use_i18n};
use crate::words::counted;

/// A row that stays while it changes.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) key: RowKey,
    pub(super) kind: ArcRwSignal<RowKind>,
}

/// One row. What kind of row it is never changes, only what it says.
#[component]
pub(super) fn RowView(room: Room, row: Shown, today: Memo<i32>) -> impl IntoView {
    let i18n = use_i18n();
    let times = formats::use_times();
    match row.kind.get_untracked() {
        RowKind::Message(message) => view! { <Message room kind=row.kind initial=message /> }.into_any(),
        RowKind::Day(at) => {
            view! { <li class="rule day"><DayWords at today /></li> }.into_any()
        }
        RowKind::Unread => {
            view! { <li class="rule unread" data-testid="unread-line"><span>{t!(i18n, chat.unread_from_here)}</span></li> }
                .into_any()
        }
        RowKind::Recovered { count, lost_at, back_at } => view! {
            <li class="rule recovered" data-testid="recovered" data-count=count.to_string()>
                <span>
                    <i class="lamp" data-lamp="on"></i>
                    {move || counted!(i18n, count, chat.recovered)}
                    " · "
                    {move || t_string!(
                        i18n,
                        chat.line_was_down,
                        from = times.seconds(lost_at),
                        to = times.seconds(back_at)
                    )}
                </span>
            </li>
        }
        .into_any(),
        RowKind::Gap(gap) => view! { <GapRow gap /> }.into_any(),
    }
}

#[component]
fn DayWords(at: Timestamp, today: Memo<i32>) -> impl IntoView {
    let i18n = use_i18n();
    let times = formats::use_times();
    let words = move || {
        let date = times.day(at);
        match today.get() - clock::day(at) {
            0 => t_string!(i18n, chat.today, date = date),
            1 => t_string!(i18n, chat.yesterday, date = date),
            _ => date,
        }
    };
    view! { <span>{words}</span> }
}

/// What is missing, and why.
#[component]
fn GapRow(gap: Gap) -> impl IntoView {
    let i18n = use_i18n();
    let count = gap.count;
    let words = match gap.cause {
        GapCause::Epoch => t!(i18n, chat.gap.epoch).into_any(),
        GapCause::Retention => (move || counted!(i18n, count, chat.gap.retention)).into_any(),
        GapCause::Slow | GapCause::Conflated => {
            (move || counted!(i18n, count, chat.gap.slow)).into_any()
        }
    };
    let range = (gap.to >= gap.from && gap.cause != GapCause::Epoch).then(|| {
        view! {
            " ("
            {move || t_string!(i18n, chat.gap.range, from = gap.from, to = gap.to)}
            ")"
        }
    });
    view! {
        <li class="rule gap" data-testid="gap" data-from=gap.from.to_string() data-to=gap.to.to_string()>
            <span>{words} {range}</span>
        </li>
    }
}
