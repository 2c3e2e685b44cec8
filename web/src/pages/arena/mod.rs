//! The arena: a game. At `/arena` one finds somebody to play with, at `/arena/ROOM` one plays.
//!
//! [`table`] is where the page meets the client; what a game knows is in `web/model`; `field` has the
//! canvas and what is held down, `drawing` what is drawn.

mod corner;
mod drawing;
mod field;
mod lobby;
mod scores;
mod sparks;
mod table;
mod words;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use trunkline_protocol::topics::arena::ArenaRoom;

use self::corner::Corner;
use self::field::Field;
use self::lobby::Lobby;
use self::scores::Scores;
use self::table::Table;
use crate::i18n::{t, t_string, use_i18n};
use crate::realtime::use_realtime;
use crate::shell::set_title;

/// The page at `/arena` and `/arena/ROOM`.
#[component]
pub(crate) fn Arena() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    let asked = Memo::new(move |_| params.with(|params| params.get("room")));
    set_title(
        move || t_string!(i18n, pages.arena).to_owned(),
        move || asked.get(),
    );
    // Another room is another table.
    move || match asked.get() {
        None => view! { <Lobby /> }.into_any(),
        Some(name) => match name.parse::<ArenaRoom>() {
            Ok(room) => view! { <Room room /> }.into_any(),
            Err(_) => view! {
                <div class="empty">
                    <h2 data-testid="arena-bad-room">{t!(i18n, arena.bad_room)}</h2>
                    <p><a class="button" href="/arena">{t!(i18n, arena.to_rooms)}</a></p>
                </div>
            }
            .into_any(),
        },
    }
}

/// A room.
#[component]
fn Room(room: ArenaRoom) -> impl IntoView {
    let i18n = use_i18n();
    let table = Table::open(room, use_realtime());
    provide_context(table);
    view! {
        <div class="arena-room">
            <div class="arena-stage">
                <Field />
                <p class="arena-keys hint" id="arena-keys">{t!(i18n, arena.keys)}</p>
                <p class="arena-keys arena-touch hint">{t!(i18n, arena.touch)}</p>
            </div>
            <aside class="arena-aside" aria-label=move || t_string!(i18n, arena.scores)>
                <Scores />
                <Corner />
                <a class="button quiet" href="/arena">{t!(i18n, arena.to_rooms)}</a>
            </aside>
        </div>
    }
}
