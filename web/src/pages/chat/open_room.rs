//! The dialog that opens a room: by its name, or one of those in use.

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_i18n::I18nContext;
use trunkline_client::CallError;
use trunkline_protocol::ErrorCode;
use trunkline_protocol::topics::chat::{ListRooms, ListRoomsRequest, RoomInfo, RoomName};

use super::going_to_rooms;
use super::model::{RoomProblem, check_room};
use super::rooms::use_rooms;
use crate::browser::fields;
use crate::components::{Dialog, Glyph, Icon};
use crate::i18n::{Locale, t, t_string, use_i18n};
use crate::realtime::use_realtime;
use crate::words::{self, counted};

/// The dialog.
#[component]
pub(super) fn OpenRoomDialog(open: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Dialog open title=Signal::derive(move || t_string!(i18n, open_room.title).to_owned())>
            <NameForm open />
            <RoomsInUse open />
        </Dialog>
    }
}

#[component]
fn NameForm(open: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let rooms = use_rooms();
    let go_to = going_to_rooms();
    let text = RwSignal::new(String::new());
    let checked = Memo::new(move |_| text.with(|text| check_room(text)));
    let input = NodeRef::<Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            // Nothing is lost if the field cannot take the focus.
            let _ = input.focus();
        }
    });
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Ok(name) = checked.get_untracked() {
            open.set(false);
            go_to(&name);
        }
    };
    // An empty field is not wrong, it is only not done.
    let wrong = Memo::new(move |_| {
        checked
            .get()
            .err()
            .filter(|problem| *problem != RoomProblem::Empty)
    });
    let hint = move || match wrong.get() {
        Some(problem) => problem_words(i18n, problem),
        None if rooms.is_full() => t_string!(i18n, open_room.full).to_owned(),
        None => t_string!(i18n, open_room.hint).to_owned(),
    };
    view! {
        <form class="open-room" on:submit=on_submit novalidate>
            <div class="field">
                <label for="room-name">{t!(i18n, open_room.label)}</label>
                <div class="beside">
                    <div class="prefixed">
                        <span aria-hidden="true">"#"</span>
                        <input
                            id="room-name"
                            data-testid="room-name"
                            type="text"
                            autocomplete="off"
                            autocapitalize="none"
                            spellcheck="false"
                            node_ref=input
                            aria-describedby="room-hint"
                            aria-invalid=move || wrong.get().is_some().to_string()
                            on:input=move |event| text.set(fields::value(&event))
                        />
                    </div>
                    <button class="button primary" data-testid="room-submit" disabled=move || checked.get().is_err()>
                        {t!(i18n, open_room.submit)}
                    </button>
                </div>
                <p class="hint" class:wrong=move || wrong.get().is_some() id="room-hint" role="status">{hint}</p>
            </div>
        </form>
    }
}

/// What is known about the rooms in use.
#[derive(Clone, PartialEq)]
enum Listing {
    Asking,
    Here(Vec<RoomInfo>),
    Failed(ErrorCode),
}

#[component]
fn RoomsInUse(open: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let listing = RwSignal::new(Listing::Asking);
    let ask = move || {
        let Some(client) = realtime.client.get_untracked() else {
            return;
        };
        listing.set(Listing::Asking);
        spawn_local(async move {
            let answer = match client.call::<ListRooms>(&ListRoomsRequest {}).await {
                Ok(answer) => Listing::Here(answer.rooms.into_vec()),
                Err(CallError::Refused(error)) => Listing::Failed(error.code),
                Err(CallError::Unreadable(_)) => Listing::Failed(ErrorCode::ContractMismatch),
                Err(CallError::Ended) => Listing::Failed(ErrorCode::Unavailable),
            };
            // The dialog may be closed by now, and its signals with it.
            listing.try_set(answer);
        });
    };
    let live = Memo::new(move |_| realtime.line.get().is_live());
    Effect::new(move |_| {
        if live.get() {
            ask();
        }
    });
    let body = move || match (live.get(), listing.get()) {
        (false, _) => t_string!(i18n, open_room.offline).into_any(),
        (true, Listing::Asking) => t_string!(i18n, open_room.looking).into_any(),
        (true, Listing::Failed(code)) => {
            t_string!(i18n, open_room.failed, why = words::error(i18n, code)).into_any()
        }
        (true, Listing::Here(rooms)) => view! { <RoomList rooms open /> }.into_any(),
    };
    view! {
        <section class="in-use">
            <header>
                <h3>{t!(i18n, open_room.in_use)}</h3>
                <button type="button" class="button quiet" disabled=move || !live.get() on:click=move |_| ask()>
                    <Icon glyph=Glyph::Refresh />
                    {t!(i18n, open_room.refresh)}
                </button>
            </header>
            <div class="hint">{body}</div>
        </section>
    }
}

#[component]
fn RoomList(rooms: Vec<RoomInfo>, open: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let go_to = going_to_rooms();
    if rooms.is_empty() {
        return t!(i18n, open_room.none).into_any();
    }
    let rooms_followed = use_rooms();
    let row = move |info: RoomInfo| {
        let name: RoomName = info.name.parse().ok()?;
        let go_to = go_to.clone();
        let (shown, followed) = (format!("#{name}"), rooms_followed.follows(&name));
        Some(view! {
            <li>
                <button
                    type="button"
                    data-testid="room-in-use"
                    data-room=name.to_string()
                    on:click=move |_| {
                        open.set(false);
                        go_to(&name);
                    }
                >
                    <span class="jack"></span>
                    <span class="name">{shown}</span>
                    {followed.then(|| view! { <span class="tag">{t!(i18n, open_room.followed)}</span> })}
                    <span class="tag figures">{move || match info.people {
                        0 => t_string!(i18n, open_room.people.none).to_owned(),
                        count => counted!(i18n, count, open_room.people),
                    }}</span>
                </button>
            </li>
        })
    };
    view! { <ul class="room-list">{rooms.into_iter().filter_map(row).collect_view()}</ul> }
        .into_any()
}

fn problem_words(i18n: I18nContext<Locale>, problem: RoomProblem) -> String {
    match problem {
        RoomProblem::Empty => String::new(),
        RoomProblem::TooLong => t_string!(i18n, open_room.problem.too_long).to_owned(),
        RoomProblem::DashAtEnd => t_string!(i18n, open_room.problem.dash).to_owned(),
        RoomProblem::Character(c) if c.is_whitespace() => {
            t_string!(i18n, open_room.problem.space).to_owned()
        }
        RoomProblem::Character(c) => {
            t_string!(i18n, open_room.problem.character, c = c.to_string())
        }
    }
}
