//! Who is in the room, and on how many connections.

use leptos::prelude::*;
use trunkline_protocol::Member;

use super::room::Room;
use super::use_layout;
use crate::components::{Glyph, Icon, Monogram};
use crate::following::Following;
use crate::i18n::{t, t_string, use_i18n};
use crate::words::counted;

/// The panel with the people of `room`.
#[component]
pub(super) fn PeoplePanel(room: Memo<Option<Room>>) -> impl IntoView {
    let i18n = use_i18n();
    let layout = use_layout();
    let listed = move || {
        room.get()
            .map(|room| room.people.with(|people| people.listed().to_vec()))
            .unwrap_or_default()
    };
    let unlisted = Memo::new(move |_| {
        room.get()
            .map_or(0, |room| room.people.with(|people| people.unlisted()))
    });
    let alone = Memo::new(move |_| {
        room.get().is_some_and(|room| {
            room.state.get() == Following::Here && room.people.with(|people| people.count() < 2)
        })
    });
    let away = move || {
        room.get()
            .is_some_and(|room| room.state.get() != Following::Here)
            .then_some("")
    };
    view! {
        <aside class="side people" id="people" aria-label=move || t_string!(i18n, chat.people)>
            <header>
                <h2>{t!(i18n, chat.people)}</h2>
                <button
                    type="button"
                    class="button quiet icon close"
                    aria-label=move || t_string!(i18n, close)
                    on:click=move |_| layout.toggle_people()
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </header>
            <ul data-away=away>
                <For
                    each=listed
                    key=|member| (member.user.clone(), member.connections)
                    children=move |member| view! { <Person member room /> }
                />
                <Show when=move || { unlisted.get() > 0 }>
                    <li class="person tag">{move || counted!(i18n, unlisted.get(), chat.and_more)}</li>
                </Show>
                <Show when=move || alone.get()>
                    <li class="hint alone">{t!(i18n, chat.alone)}</li>
                </Show>
            </ul>
        </aside>
    }
}

#[component]
fn Person(member: Member, room: Memo<Option<Room>>) -> impl IntoView {
    let i18n = use_i18n();
    let id = member.user.id;
    let you = room.get_untracked().is_some_and(|room| room.me.id == id);
    let name = member.user.name.to_string();
    let connections = member.connections;
    view! {
        <li class="person" data-testid="person" data-user=id.to_string() data-connections=connections.to_string()>
            <Monogram name=name.clone() you=you />
            <span class="name" dir="auto" title=name>{name.clone()}</span>
            {(connections > 1).then(|| view! { <span class="tag">{t!(i18n, chat.tabs, n = connections)}</span> })}
            {you.then(|| view! { <span class="tag">{t!(i18n, you.you)}</span> })}
        </li>
    }
}
