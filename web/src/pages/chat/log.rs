//! What was said in a room.

use std::collections::HashMap;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use trunkline_protocol::{Gap, GapCause, Timestamp};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::hold::Hold;
use super::message::Message;
use super::model::{RowKey, RowKind, Timeline, rows};
use super::room::{Older, Room, RoomState};
use crate::browser::{clock, events, formats};
use crate::components::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use crate::line::Line;
use crate::realtime::use_realtime;
use crate::words::counted;

/// A row that stays while it changes.
#[derive(Clone)]
struct Shown {
    key: RowKey,
    kind: ArcRwSignal<RowKind>,
}

/// The messages of `room`, and what stands between them.
#[component]
pub(super) fn Log(room: Room) -> impl IntoView {
    let i18n = use_i18n();
    let shown = shown_rows(&room);
    let hold = Hold::new();
    read_along(&room, shown, hold);
    let today = today();
    let label = {
        let name = room.name.to_string();
        move || t_string!(i18n, chat.messages, room = name.clone())
    };
    let state = room.state.clone();
    let on_scroll = {
        let room = room.clone();
        move |_| {
            if hold.handle_scroll() {
                spawn_local(load_older(room.clone(), hold));
            }
        }
    };
    let row_room = room.clone();
    view! {
        <div class="log">
            <div
                class="scroll"
                node_ref=hold.scroll
                tabindex="0"
                role="log"
                aria-label=label
                aria-busy=move || (state.get() == RoomState::Opening).to_string()
                on:scroll=on_scroll
                on:keydown=walk
            >
                <ol node_ref=hold.list>
                    <Top room=room.clone() hold />
                    <For
                        each=move || shown.get()
                        key=|row| row.key
                        children=move |row| view! { <RowView room=row_room.clone() row today /> }
                    />
                </ol>
            </div>
            <NewestPill room hold />
        </div>
    }
}

/// Lays out the rows, and changes only those that are different.
fn shown_rows(room: &Room) -> RwSignal<Vec<Shown>> {
    let shown = RwSignal::new(Vec::new());
    let (timeline, marker) = (room.timeline.clone(), room.marker.clone());
    Effect::new(
        move |known: Option<HashMap<RowKey, ArcRwSignal<RowKind>>>| {
            let mut known = known.unwrap_or_default();
            let marker = marker.get();
            let list: Vec<_> = timeline
                .with(|timeline| rows(timeline, marker, clock::day))
                .into_iter()
                .map(|row| {
                    let kind = match known.remove(&row.key) {
                        Some(kind) => {
                            if kind.with_untracked(|kind| *kind != row.kind) {
                                kind.set(row.kind);
                            }
                            kind
                        }
                        None => ArcRwSignal::new(row.kind),
                    };
                    Shown { key: row.key, kind }
                })
                .collect();
            let known = list.iter().map(|row| (row.key, row.kind.clone())).collect();
            shown.set(list);
            known
        },
    );
    shown
}

/// Marks what is seen as read, and as unread from here on when the reader looks away.
fn read_along(room: &Room, shown: RwSignal<Vec<Shown>>, hold: Hold) {
    let visible = events::visible();
    let seen = room.clone();
    Effect::new(move |_| {
        seen.timeline.track();
        if visible.get() && hold.entered.get() && hold.at_end.get() {
            seen.mark_read();
        }
    });
    let away = room.clone();
    Effect::new(move |_| {
        if !visible.get() {
            away.look_away();
        }
    });
    let state = room.state.clone();
    Effect::new(move |_| {
        shown.track();
        if state.get() == RoomState::Here {
            hold.enter();
        }
    });
}

async fn load_older(room: Room, hold: Hold) {
    if let Some(events) = room.fetch_older().await {
        hold.keep_place();
        room.take_older(events);
    }
}

/// Arrow keys walk from message to message; their buttons can then be reached.
fn walk(event: KeyboardEvent) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let Some(target) = target else { return };
    let message = target.closest(".message").ok().flatten();
    let next = match (event.key().as_str(), message) {
        ("ArrowUp", None) => last_message(&target),
        ("ArrowUp", Some(message)) => neighbour(&message, Element::previous_element_sibling),
        ("ArrowDown", Some(message)) => neighbour(&message, Element::next_element_sibling),
        ("End", Some(_)) => target
            .closest(".scroll")
            .ok()
            .flatten()
            .and_then(|scroll| last_message(&scroll)),
        ("Escape", Some(_)) => target.closest(".scroll").ok().flatten(),
        _ => None,
    };
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        // A message that is gone cannot take the focus.
        let _ = next.focus();
    }
}

fn neighbour(message: &Element, step: fn(&Element) -> Option<Element>) -> Option<Element> {
    std::iter::successors(step(message), step)
        .find(|element| element.class_list().contains("message"))
}

fn last_message(scroll: &Element) -> Option<Element> {
    let messages = scroll.query_selector_all(".message").ok()?;
    messages
        .item(messages.length().checked_sub(1)?)?
        .dyn_into()
        .ok()
}

/// The reader's calendar day; it changes at midnight.
fn today() -> Memo<i32> {
    let tick = events::ticks(30_000, || true);
    Memo::new(move |_| {
        tick.track();
        clock::day(clock::timestamp())
    })
}

/// What stands above the first message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Above {
    Opening,
    Empty,
    Loading,
    More,
    Start,
    Trimmed,
    Nothing,
}

fn above(timeline: &Timeline, state: &RoomState, older: Older) -> Above {
    if timeline.is_empty() {
        return if *state == RoomState::Opening {
            Above::Opening
        } else {
            Above::Empty
        };
    }
    match (timeline.oldest(), older) {
        // An earlier history stands above; there is nothing between the two.
        _ if timeline.has_eras() => Above::Nothing,
        (None, _) => Above::Nothing,
        (Some(1), _) => Above::Start,
        (Some(_), Older::Perhaps) => Above::More,
        (Some(_), Older::Loading) => Above::Loading,
        (Some(_), Older::None) => Above::Trimmed,
    }
}

/// Says what stands above the first message, and what to do.
#[component]
fn Top(room: Room, hold: Hold) -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let name = StoredValue::new(room.name.to_string());
    let above = {
        let room = room.clone();
        Memo::new(move |_| {
            let (state, older) = (room.state.get(), room.older.get());
            room.timeline
                .with(|timeline| above(timeline, &state, older))
        })
    };
    move || {
        match above.get() {
        Above::Opening => view! {
            <li class="empty" data-testid="opening">
                <p>
                    {move || match realtime.line.get() {
                        Line::Live | Line::Connecting { .. } => {
                            t_string!(i18n, chat.opening, room = name.get_value())
                        }
                        _ => t_string!(i18n, chat.opening_offline, room = name.get_value()),
                    }}
                </p>
            </li>
        }
        .into_any(),
        Above::Empty => view! {
            <li class="empty" data-testid="empty-room">
                <strong>{move || t_string!(i18n, chat.empty_title, room = name.get_value())}</strong>
                <p>{t!(i18n, chat.empty)}</p>
            </li>
        }
        .into_any(),
        Above::Loading => {
            view! { <li class="rule start"><span>{t!(i18n, chat.loading_older)}</span></li> }.into_any()
        }
        Above::More => {
            let room = room.clone();
            let load = move |_| spawn_local(load_older(room.clone(), hold));
            view! {
                <li class="rule start">
                    <button type="button" class="button quiet" data-testid="earlier" on:click=load>
                        {t!(i18n, chat.earlier)}
                    </button>
                </li>
            }
            .into_any()
        }
        Above::Start => view! {
            <li class="rule start">
                <span>{move || t_string!(i18n, chat.start, room = name.get_value())}</span>
            </li>
        }
        .into_any(),
        Above::Trimmed => {
            view! { <li class="rule start"><span>{t!(i18n, chat.trimmed)}</span></li> }.into_any()
        }
        Above::Nothing => ().into_any(),
    }
    }
}

/// One row. What kind of row it is never changes, only what it says.
#[component]
fn RowView(room: Room, row: Shown, today: Memo<i32>) -> impl IntoView {
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

/// The way back to the newest message, with how many came meanwhile.
#[component]
fn NewestPill(room: Room, hold: Hold) -> impl IntoView {
    let i18n = use_i18n();
    let unread = Memo::new(move |_| room.unread());
    view! {
        <Show when=move || hold.entered.get() && !hold.at_end.get()>
            <button type="button" class="button newest" data-testid="newest" on:click=move |_| hold.go_to_end()>
                <Icon glyph=Glyph::Down />
                {move || match unread.get() {
                    0 => t_string!(i18n, chat.new_messages.none).to_owned(),
                    count => counted!(i18n, count, chat.new_messages),
                }}
            </button>
        </Show>
    }
}
