//! What stands in the middle when a room cannot be shown: what happened, and what to do.

use leptos::prelude::*;
use trunkline_protocol::topics::chat::RoomName;

use super::room::Room;
use super::rooms::use_rooms;
use super::{address, going_to_rooms};
use crate::following::Following;
use crate::i18n::{t, t_string, use_i18n};
use crate::words;

/// A room that the server refuses, or whose words this page does not understand.
#[component]
pub(super) fn RoomTrouble(room: Room) -> impl IntoView {
    let state = room.state;
    let name = StoredValue::new(room.name);
    move || match state.get() {
        Following::Refused(code) => view! { <Refused name=name.get_value() code /> }.into_any(),
        Following::Outdated => view! { <Outdated /> }.into_any(),
        Following::Opening | Following::Here | Following::Lost => ().into_any(),
    }
}

#[component]
fn Refused(name: RoomName, code: trunkline_protocol::ErrorCode) -> impl IntoView {
    let i18n = use_i18n();
    let rooms = use_rooms();
    let go_to = going_to_rooms();
    let shown = name.to_string();
    view! {
        <div class="empty" role="alert" data-testid="room-refused">
            <strong>{move || t_string!(i18n, chat.refused_title, room = shown.clone())}</strong>
            <p>{move || words::error(i18n, code)}</p>
            <div class="foot">
                <button type="button" class="button" on:click=move |_| go_to(&rooms.leave(&name))>
                    {t!(i18n, chat.leave_room)}
                </button>
            </div>
        </div>
    }
}

#[component]
fn Outdated() -> impl IntoView {
    let i18n = use_i18n();
    let reload = move |_| {
        // A page that cannot be reloaded stays as it is.
        let _ = window().location().reload();
    };
    view! {
        <div class="empty" role="alert" data-testid="outdated">
            <strong>{t!(i18n, chat.outdated_title)}</strong>
            <p>{t!(i18n, chat.outdated)}</p>
            <div class="foot">
                <button type="button" class="button primary" data-testid="reload" on:click=reload>
                    {t!(i18n, reload)}
                </button>
            </div>
        </div>
    }
}

/// An address that names no room.
#[component]
pub(super) fn BadRoom() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="room">
            <div class="empty" role="alert">
                <strong>{t!(i18n, chat.bad_room_title)}</strong>
                <p>{t!(i18n, chat.bad_room)}</p>
                <div class="foot"><GoHome /></div>
            </div>
        </section>
    }
}

/// A room that is one too many.
#[component]
pub(super) fn TooManyRooms(name: RoomName) -> impl IntoView {
    let i18n = use_i18n();
    let name = name.to_string();
    view! {
        <section class="room">
            <div class="empty" role="alert">
                <strong>{t!(i18n, chat.too_many_title)}</strong>
                <p>{move || t_string!(i18n, chat.too_many, room = name.clone())}</p>
                <div class="foot"><GoHome /></div>
            </div>
        </section>
    }
}

#[component]
fn GoHome() -> impl IntoView {
    let i18n = use_i18n();
    let home = use_rooms().home();
    let name = home.to_string();
    view! {
        <a class="button" href=address(&home)>{move || t_string!(i18n, chat.go_home, room = name.clone())}</a>
    }
}
