//! What was said in a room.

use std::collections::HashMap;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::above::{Top, load_older};
use super::hold::Hold;
use super::model::{RowKey, RowKind, rows};
use super::room::Room;
use super::row::{RowView, Shown};
use crate::browser::{clock, events, fields};
use crate::components::{Glyph, Icon};
use crate::following::Following;
use crate::i18n::{t_string, use_i18n};
use crate::realtime::use_realtime;
use crate::words::counted;

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
                aria-busy=move || (state.get() == Following::Opening).to_string()
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
        if state.get() == Following::Here {
            hold.enter();
        }
    });
}

/// Arrow keys walk from message to message; their buttons can then be reached.
fn walk(event: KeyboardEvent) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let Some(target) = target else { return };
    let message = target.closest(".message").ok().flatten();
    let next = match (fields::key(&event).as_str(), message) {
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

/// The reader's calendar day; it changes at midnight. Messages have the server's dates.
fn today() -> Memo<i32> {
    let realtime = use_realtime();
    let tick = events::ticks(30_000, || true);
    Memo::new(move |_| {
        tick.track();
        clock::day(realtime.server_now())
    })
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
