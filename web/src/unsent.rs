//! Unsent messages of a sign-in that has ended: they stay in this browser until the reader deletes
//! them, since only their author may send them.

use leptos::prelude::*;
use leptos::task::spawn_local;
use trunkline_client::{LocalOutbox, Pending};
use trunkline_protocol::topics::chat::{Chat, ChatCommand};
use trunkline_protocol::{Codec, UserId};

use crate::browser::clipboard;
use crate::i18n::{t, t_string, use_i18n};
use crate::words::counted;

/// The most messages that are shown; copying takes all of them.
const SHOWN_MAX: usize = 20;

/// A message that waits, as the reader wrote it.
#[derive(Clone, PartialEq, Eq)]
struct Unsent {
    user: UserId,
    room: String,
    text: String,
}

/// Shows the messages that the reader wrote and that were not sent, with buttons to copy and to delete
/// them. It is empty if there are none.
#[component]
pub(crate) fn UnsentMessages() -> impl IntoView {
    let i18n = use_i18n();
    let unsent = RwSignal::new(read_unsent());
    let copied = RwSignal::new(None::<bool>);
    let copy = move |_| {
        let texts: Vec<String> =
            unsent.with_untracked(|all| all.iter().map(|it| it.text.clone()).collect());
        spawn_local(async move {
            let done = clipboard::copy(&texts.join("\n")).await;
            copied.try_set(Some(done));
        });
    };
    let delete = move |_| {
        for one in unsent.get_untracked() {
            LocalOutbox::discard(one.user);
        }
        unsent.set(Vec::new());
    };
    let word = move || match copied.get() {
        None => "",
        Some(true) => t_string!(i18n, sign_in.unsent.copied),
        Some(false) => t_string!(i18n, sign_in.unsent.not_copied),
    };
    let more = move || {
        let more = unsent.with(Vec::len).saturating_sub(SHOWN_MAX);
        (more > 0)
            .then(|| view! { <p class="hint">{counted!(i18n, more, sign_in.unsent.more)}</p> })
    };
    let rows = move || {
        let shown = unsent.get().into_iter().take(SHOWN_MAX);
        let row = |one: Unsent| view! { <li><span class="hint">{format!("#{} ", one.room)}</span><span dir="auto">{one.text}</span></li> };
        shown.map(row).collect_view()
    };
    view! {
        <Show when=move || !unsent.with(Vec::is_empty)>
            <section class="unsent" data-testid="unsent">
                <h3>{move || counted!(i18n, unsent.with(Vec::len), sign_in.unsent.title)}</h3>
                <p class="hint">{t!(i18n, sign_in.unsent.lead)}</p>
                <ul>{rows}</ul>
                {more}
                <div class="unsent-buttons">
                    <button type="button" class="button" data-testid="unsent-copy" on:click=copy>
                        {t!(i18n, sign_in.unsent.copy)}
                    </button>
                    <button type="button" class="button quiet" data-testid="unsent-delete" on:click=delete>
                        {t!(i18n, sign_in.unsent.delete)}
                    </button>
                    <span class="hint" role="status">{word}</span>
                </div>
            </section>
        </Show>
    }
}

fn read_unsent() -> Vec<Unsent> {
    let message = |(user, pending): (UserId, Pending)| {
        let (room, command) = pending.read::<Chat>()?;
        let (ChatCommand::Say { text } | ChatCommand::Edit { text, .. }) = command else {
            return None;
        };
        Some(Unsent {
            user,
            room: room.to_string(),
            text: text.to_string(),
        })
    };
    let waiting = LocalOutbox::waiting(Codec::Bincode);
    waiting.into_iter().filter_map(message).collect()
}
