//! The chat page: rooms at the left, what is said in the middle, people at the right.
//!
//! [`rooms`] and [`room`] are where the page meets the client; what a room
//! knows is in `web/model`; the other files are what is seen.

mod room;
mod room_actions;
mod rooms;
mod layout;
mod rooms_panel;
mod open_room;
mod people_panel;
mod room_view;
mod room_state;
mod log;
mod row;
mod above;
mod hold;
mod message;
mod composer;
mod writing;
mod typing;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::Redirect;
use leptos_router::hooks::{use_navigate, use_params_map};
use trunkline_protocol::topics::chat::RoomName;
use trunkline_web_model::chat as model;

use crate::i18n::{t_string, use_i18n};
use crate::shell::set_title;
use layout::{Layout, provide_layout, use_layout};
use people_panel::PeoplePanel;
use room_state::{BadRoom, TooManyRooms};
use room_view::RoomView;
use rooms_panel::RoomsPanel;

pub(crate) use model::monogram;
pub(crate) use room_view::RoomBeside;
pub(crate) use rooms::{provide_rooms, use_rooms};

/// How many messages are unread in all rooms.
pub(crate) fn unread() -> u32 {
    use_rooms().unread()
}

/// The page at `/chat` and `/chat/ROOM`.
#[component]
pub(crate) fn Chat() -> impl IntoView {
    let i18n = use_i18n();
    let rooms = use_rooms();
    let params = use_params_map();
    let asked = Memo::new(move |_| params.with(|params| params.get("room")));
    let name = Memo::new(move |_| asked.get().and_then(|asked| asked.parse::<RoomName>().ok()));
    let room = Memo::new(move |_| name.get().and_then(|name| rooms.get(&name)));
    set_title(
        move || t_string!(i18n, pages.chat).to_owned(),
        move || name.get().map(|name| format!("#{name}")),
    );
    provide_layout();
    let layout = use_layout();
    Effect::new(move |_| {
        if let Some(name) = name.get() {
            rooms.follow(&name);
            layout.close_rooms();
        }
    });
    let middle = move || match (asked.get(), name.get(), room.get()) {
        (None, _, _) => {
            view! { <Redirect path=address(&rooms.home()) options=replacing() /> }.into_any()
        }
        (Some(_), None, _) => view! { <BadRoom /> }.into_any(),
        (_, Some(_), Some(room)) => view! { <RoomView room /> }.into_any(),
        (_, Some(name), None) if rooms.is_full() => view! { <TooManyRooms name /> }.into_any(),
        (_, Some(_), None) => view! { <section class="room"></section> }.into_any(),
    };
    view! {
        <Layout>
            <RoomsPanel current=name />
            {middle}
            <PeoplePanel room />
        </Layout>
    }
}

/// Where a room is.
fn address(name: &RoomName) -> String {
    format!("/chat/{name}")
}

/// Goes to a room.
fn going_to_rooms() -> impl Fn(&RoomName) + Clone + Send + Sync + 'static {
    let navigate = StoredValue::new_local(use_navigate());
    move |name| navigate.with_value(|navigate| navigate(&address(name), NavigateOptions::default()))
}

fn replacing() -> NavigateOptions {
    NavigateOptions {
        replace: true,
        ..NavigateOptions::default()
    }
}
