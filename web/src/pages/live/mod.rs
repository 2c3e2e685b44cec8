//! Live pictures: at `/live` one sees who broadcasts, or broadcasts oneself; at `/live/ROOM` one watches.
//!
//! `studio` is the broadcaster's side: `encoding` and `recording` make chunks of what is captured,
//! `transmitter` sends them. `theatre` is the viewer's side: `player` shows what comes, `container` what
//! a recorder made.

mod container;
mod encoding;
mod lobby;
mod player;
mod recording;
mod server_clock;
mod studio;
mod theatre;
mod transmitter;
mod words;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use trunkline_protocol::topics::live::LiveRoom;

use self::lobby::Lobby;
use self::theatre::Theatre;
use crate::i18n::{t, t_string, use_i18n};
use crate::shell::set_title;

/// The page at `/live` and `/live/ROOM`.
#[component]
pub(crate) fn Live() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    let asked = Memo::new(move |_| params.with(|params| params.get("room")));
    set_title(
        move || t_string!(i18n, pages.live).to_owned(),
        move || asked.get(),
    );
    move || match asked.get() {
        None => view! { <Lobby /> }.into_any(),
        Some(name) => match name.parse::<LiveRoom>() {
            Ok(room) => view! { <Theatre room /> }.into_any(),
            Err(_) => view! {
                <div class="empty">
                    <h2>{t!(i18n, live.bad_room)}</h2>
                    <p><a class="button" href="/live">{t!(i18n, live.to_rooms)}</a></p>
                </div>
            }
            .into_any(),
        },
    }
}
