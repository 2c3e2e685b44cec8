//! The rooms that the reader follows.

use leptos::prelude::*;
use trunkline_protocol::topics::chat::RoomName;

use super::open_room::OpenRoomDialog;
use super::room::Room;
use super::rooms::use_rooms;
use super::{address, use_layout};
use crate::components::{Glyph, Icon};
use crate::following::Following;
use crate::i18n::{t, t_string, use_i18n};
use crate::shell::shown_count;
use crate::words::counted;

/// The panel with the rooms.
#[component]
pub(super) fn RoomsPanel(
    /// The room that is shown.
    current: Memo<Option<RoomName>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let rooms = use_rooms();
    let opening = RwSignal::new(false);
    view! {
        <aside class="side rooms" id="rooms" aria-label=move || t_string!(i18n, chat.rooms)>
            <header>
                <h2>{t!(i18n, chat.rooms)}</h2>
                <button
                    type="button"
                    class="button quiet icon"
                    data-testid="open-room"
                    title=move || t_string!(i18n, chat.open_room)
                    aria-label=move || t_string!(i18n, chat.open_room)
                    on:click=move |_| opening.set(true)
                >
                    <Icon glyph=Glyph::Plus />
                </button>
            </header>
            <ul>
                <For
                    each=move || rooms.all()
                    key=|room| room.name.clone()
                    children=move |room| view! { <RoomLink name=room.name current /> }
                />
            </ul>
            <OpenRoomDialog open=opening />
        </aside>
    }
}

/// One room. It is looked up by name: another client means another room of that name.
#[component]
fn RoomLink(name: RoomName, current: Memo<Option<RoomName>>) -> impl IntoView {
    let i18n = use_i18n();
    let rooms = use_rooms();
    let layout = use_layout();
    let room: Memo<Option<Room>> = {
        let name = name.clone();
        Memo::new(move |_| rooms.get(&name))
    };
    let unread = Memo::new(move |_| room.get().map_or(0, |room| room.unread()));
    let trouble = Memo::new(move |_| {
        room.get().is_some_and(|room| {
            matches!(
                room.state.get(),
                Following::Refused(_) | Following::Outdated
            )
        })
    });
    let is_current = {
        let name = name.clone();
        move || {
            current
                .with(|current| current.as_ref() == Some(&name))
                .then_some("page")
        }
    };
    let shown = format!("#{name}");
    view! {
        <li>
            <a
                class="room-link"
                href=address(&name)
                data-testid="room-link"
                data-room=name.to_string()
                data-unread=move || (unread.get() > 0).then_some("")
                aria-current=is_current
                title=shown
                on:click=move |_| layout.close_rooms()
            >
                <span class="jack"></span>
                <span class="name">{name.to_string()}</span>
                <Show when=move || trouble.get()>
                    <span class="trouble" title=move || t_string!(i18n, chat.room_trouble)>
                        <Icon glyph=Glyph::Warning />
                    </span>
                </Show>
                <Show when=move || { unread.get() > 0 }>
                    <span
                        class="count"
                        data-testid="unread"
                        aria-label=move || counted!(i18n, unread.get(), chat.unread_count)
                    >
                        {move || shown_count(unread.get())}
                    </span>
                </Show>
            </a>
        </li>
    }
}
