//! What stands above the first message: more to read, or where the room begins.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::hold::Hold;
use super::model::Timeline;
use super::room::Room;
use crate::following::{Following, Older};
use crate::i18n::{t, t_string, use_i18n};
use crate::line::Line;
use crate::realtime::use_realtime;

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

fn above(timeline: &Timeline, state: &Following, older: Older) -> Above {
    if timeline.is_empty() {
        return if *state == Following::Opening {
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
pub(super) fn Top(room: Room, hold: Hold) -> impl IntoView {
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
                        Line::Live(_) | Line::Connecting { .. } => {
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

/// Reads a page of older messages, without moving those that are shown.
pub(super) async fn load_older(room: Room, hold: Hold) {
    if let Some(events) = room.fetch_older().await {
        hold.keep_place();
        room.take_older(events);
    }
}
