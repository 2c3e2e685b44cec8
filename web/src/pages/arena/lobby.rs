//! Finds somebody to play with.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use trunkline_client::CallError;
use trunkline_protocol::topics::arena::{
    ArenaAsked, ArenaJoined, ArenaRoomInfo, ArenaWish, JoinArena, ListArenas,
};

use crate::components::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use crate::realtime::{Task, use_realtime};
use crate::words::{self, counted};

/// How often the rooms are asked for, in milliseconds.
const LOOK_MS: u32 = 2_000;

/// How soon they are asked for again if they could not be told, in milliseconds.
const ASK_AGAIN_MS: u32 = 300;

/// The way into a game, and the rooms there are.
#[component]
pub(super) fn Lobby() -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let rooms = RwSignal::new(None::<Vec<ArenaRoomInfo>>);
    let problem = RwSignal::new(None::<CallError>);
    let asking = RwSignal::new(false);
    let look = StoredValue::new_local(None::<Task>);
    Effect::new(move |_| {
        let client = realtime.client.get();
        look.set_value(client.map(|client| {
            Task::spawn(async move {
                loop {
                    let told = client.call::<ListArenas>(&ArenaAsked {}).await;
                    // There is no line yet, most likely.
                    let wait = if told.is_ok() { LOOK_MS } else { ASK_AGAIN_MS };
                    if let Ok(told) = told {
                        rooms.try_set(Some(told.rooms.to_vec()));
                    }
                    gloo_timers::future::TimeoutFuture::new(wait).await;
                }
            })
        }));
    });
    on_cleanup(move || look.set_value(None));
    let navigate = StoredValue::new_local(use_navigate());
    let play = move |_| {
        let Some(client) = realtime.client.get_untracked() else {
            return;
        };
        asking.set(true);
        problem.set(None);
        spawn_local(async move {
            let joined = client.call::<JoinArena>(&ArenaWish::default()).await;
            // The page may be left meanwhile.
            asking.try_set(false);
            match joined {
                Ok(ArenaJoined::Seated { room, .. }) => {
                    let address = format!("/arena/{room}");
                    navigate.try_with_value(|navigate| navigate(&address, Default::default()));
                }
                Ok(ArenaJoined::Full { .. }) => {}
                Err(error) => drop(problem.try_set(Some(error))),
            }
        });
    };
    view! {
        <div class="arena-lobby">
            <section class="arena-welcome">
                <h2>{t!(i18n, arena.title)}</h2>
                <p>{t!(i18n, arena.lead)}</p>
                <div class="arena-buttons">
                    <button
                        type="button"
                        class="button primary"
                        data-testid="arena-quick"
                        disabled=move || asking.get()
                        on:click=play
                    >
                        <Icon glyph=Glyph::Arena />
                        {t!(i18n, arena.quick)}
                    </button>
                </div>
                {move || problem.with(|problem| problem.as_ref().map(|problem| {
                    let why = match problem {
                        CallError::Refused(error) => words::error(i18n, error.code),
                        CallError::Unreadable(_) | CallError::Ended => t_string!(i18n, error.outdated).to_owned(),
                    };
                    view! { <p class="hint wrong" role="alert" data-testid="arena-problem">{t_string!(i18n, arena.not_seated, why = why)}</p> }
                }))}
                <p class="hint">{t!(i18n, arena.how)}</p>
            </section>
            <section class="arena-list" aria-label=move || t_string!(i18n, arena.rooms)>
                <h3>{t!(i18n, arena.rooms)}</h3>
                {move || rooms.with(|rooms| match rooms {
                    None => view! { <p class="hint">{t!(i18n, arena.asking)}</p> }.into_any(),
                    Some(rooms) if rooms.is_empty() => {
                        view! { <p class="hint">{t!(i18n, arena.no_rooms)}</p> }.into_any()
                    }
                    Some(rooms) => view! {
                        <ul data-testid="arena-rooms">
                            {rooms.iter().map(|info| {
                                let players = u32::from(info.players);
                                let (bots, watch) = (u32::from(info.bots), info.spectators);
                                view! {
                                    <li>
                                        <a href=format!("/arena/{}", info.room)>
                                            <strong>{info.room.to_string()}</strong>
                                            <span>{counted!(i18n, players, arena.players)}</span>
                                            {(bots > 0).then(|| view! { <span>{counted!(i18n, bots, arena.bots)}</span> })}
                                            {(watch > 0).then(|| view! { <span>{counted!(i18n, watch, arena.spectators)}</span> })}
                                        </a>
                                    </li>
                                }
                            }).collect_view()}
                        </ul>
                    }.into_any(),
                })}
            </section>
        </div>
    }
}
