//! One room: its bar, what was said, and where one writes.

use leptos::prelude::*;
use trunkline_protocol::topics::chat::RoomName;
use trunkline_protocol::{ErrorCode, Offset};

use super::composer::Composer;
use super::log::Log;
use super::model::Change;
use super::room::Room;
use super::room_state::RoomTrouble;
use super::rooms::use_rooms;
use super::typing::{TypingLine, provide_typing};
use super::{going_to_rooms, use_layout};
use crate::components::{Dialog, Glyph, Icon};
use crate::following::Following;
use crate::i18n::{t, t_string, use_i18n};
use crate::shell::shown_count;
use crate::words::{self, counted};

/// What one does to messages of one's own, shared by the log and the composer.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    /// The message whose words are in the composer.
    pub(super) editing: RwSignal<Option<Offset>>,
    /// The message that is to be deleted, once that is confirmed.
    deleting: RwSignal<Option<Offset>>,
    confirming: RwSignal<bool>,
    /// Why the last change was refused.
    failed: RwSignal<Option<ErrorCode>>,
}

impl Desk {
    /// Takes a message into the composer.
    pub(super) fn edit(self, offset: Offset) {
        self.editing.set(Some(offset));
    }

    /// Asks whether to delete a message.
    pub(super) fn ask_to_delete(self, offset: Offset) {
        self.deleting.set(Some(offset));
        self.confirming.set(true);
    }

    /// Changes a message, and remembers a refusal.
    pub(super) fn change(self, room: &Room, offset: Offset, change: Change) {
        self.failed.set(None);
        room.change(offset, change, move |code| {
            // The room may no longer be shown.
            self.failed.try_set(Some(code));
        });
    }
}

/// The desk of the room that is shown.
pub(super) fn use_desk() -> Desk {
    expect_context()
}

/// A room beside something else, without its bar. Who did not follow it before does so only meanwhile.
#[component]
pub(crate) fn RoomBeside(name: RoomName) -> impl IntoView {
    let i18n = use_i18n();
    let rooms = use_rooms();
    let follows = rooms.follows(&name);
    let title = name.to_string();
    let room = {
        let name = name.clone();
        Memo::new(move |_| rooms.get(&name))
    };
    {
        let name = name.clone();
        Effect::new(move |_| rooms.follow(&name));
    }
    on_cleanup(move || {
        if !follows {
            rooms.leave(&name);
        }
    });
    move || {
        match room.get() {
        Some(room) => view! { <RoomView room beside=true /> }.into_any(),
        None if rooms.is_full() => {
            view! { <p class="hint wrong">{t_string!(i18n, live.too_many_rooms, room = title.clone())}</p> }
                .into_any()
        }
        None => view! { <section class="room"></section> }.into_any(),
    }
    }
}

/// A room.
#[component]
pub(super) fn RoomView(
    room: Room,
    /// It stands beside something else: it has no bar then.
    #[prop(optional)]
    beside: bool,
) -> impl IntoView {
    let desk = Desk {
        editing: RwSignal::new(None),
        deleting: RwSignal::new(None),
        confirming: RwSignal::new(false),
        failed: RwSignal::new(None),
    };
    provide_context(desk);
    provide_typing(&room);
    on_cleanup({
        let room = room.clone();
        move || room.look_away()
    });
    let state = room.state.clone();
    let in_trouble =
        Memo::new(move |_| matches!(state.get(), Following::Refused(_) | Following::Outdated));
    let body = {
        let room = room.clone();
        move || {
            if in_trouble.get() {
                view! { <RoomTrouble room=room.clone() /> }.into_any()
            } else {
                view! {
                    <Log room=room.clone() />
                    <TypingLine />
                    <div class="writing">
                        <ChangeFailed />
                        <Composer room=room.clone() />
                    </div>
                }
                .into_any()
            }
        }
    };
    view! {
        <section class="room">
            {(!beside).then(|| view! { <RoomBar room=room.clone() /> })}
            {body}
            <DeleteDialog room />
        </section>
    }
}

/// Who is here, and the ways out.
#[component]
fn RoomBar(room: Room) -> impl IntoView {
    let i18n = use_i18n();
    let rooms = use_rooms();
    let layout = use_layout();
    let go_to = going_to_rooms();
    let name = room.name.clone();
    let label = {
        let name = name.to_string();
        move || t_string!(i18n, chat.leave, room = name.clone())
    };
    let elsewhere = {
        let room = room.clone();
        Memo::new(move |_| rooms.unread().saturating_sub(room.unread()))
    };
    let (people, state) = (room.people.clone(), room.state);
    // While the line is down nobody knows who is here.
    let count = Memo::new(move |_| {
        if state.get() == Following::Here {
            people.with(|people| people.count())
        } else {
            0
        }
    });
    let leave = move |_| go_to(&rooms.leave(&name));
    view! {
        <div class="room-bar">
            <button
                type="button"
                class="button quiet for-rooms"
                data-testid="show-rooms"
                aria-controls="rooms"
                aria-expanded=move || layout.shows_rooms().to_string()
                on:click=move |_| layout.toggle_rooms()
            >
                <Icon glyph=Glyph::Rooms />
                {t!(i18n, chat.show_rooms)}
                <Show when=move || { elsewhere.get() > 0 }>
                    <span class="count">{move || shown_count(elsewhere.get())}</span>
                </Show>
            </button>
            <button
                type="button"
                class="button quiet"
                data-testid="show-people"
                aria-controls="people"
                aria-expanded=move || layout.shows_people().to_string()
                on:click=move |_| layout.toggle_people()
            >
                <Icon glyph=Glyph::People />
                {move || match count.get() {
                    0 => t_string!(i18n, chat.people_unknown).to_owned(),
                    count => counted!(i18n, count, chat.people_here),
                }}
            </button>
            <span class="spacer"></span>
            <button
                type="button"
                class="button quiet icon"
                data-testid="leave-room"
                title=label.clone()
                aria-label=label
                on:click=leave
            >
                <Icon glyph=Glyph::Leave />
            </button>
        </div>
    }
}

/// Why the last edit or deletion was not made.
#[component]
fn ChangeFailed() -> impl IntoView {
    let i18n = use_i18n();
    let failed = use_desk().failed;
    move || {
        failed.get().map(|code| view! {
            <div class="notice fault" role="alert">
                <Icon glyph=Glyph::Warning />
                <p>{move || t_string!(i18n, chat.change_failed, why = words::error(i18n, code))}</p>
                <button type="button" class="button quiet" on:click=move |_| failed.set(None)>{t!(i18n, close)}</button>
            </div>
        })
    }
}

/// Asks before it deletes.
#[component]
fn DeleteDialog(room: Room) -> impl IntoView {
    let i18n = use_i18n();
    let desk = use_desk();
    let open = desk.confirming;
    let delete = StoredValue::new(move || {
        open.set(false);
        if let Some(offset) = desk.deleting.get_untracked() {
            desk.change(&room, offset, Change::Delete);
        }
    });
    view! {
        <Dialog open title=Signal::derive(move || t_string!(i18n, chat.delete_title).to_owned())>
            <p>{t!(i18n, chat.delete_lead)}</p>
            <div class="foot">
                <button type="button" class="button" on:click=move |_| open.set(false)>{t!(i18n, cancel)}</button>
                <button
                    type="button"
                    class="button danger"
                    data-testid="confirm-delete"
                    autofocus
                    on:click=move |_| delete.with_value(|delete| delete())
                >
                    {t!(i18n, chat.delete)}
                </button>
            </div>
        </Dialog>
    }
}
