//! One message: who, when, what, and how far it has come.

use leptos::prelude::*;
use trunkline_protocol::Offset;

use super::model::{Body, Mark, MessageRow, Piece, RowKind, pieces};
use super::room::Room;
use super::room_view::use_desk;
use crate::browser::formats;
use crate::components::{Glyph, Icon, Monogram};
use crate::i18n::{t, t_string, use_i18n};
use crate::words;

/// A message. Its row stays the same element from the draft to the acknowledged message.
#[component]
pub(super) fn Message(
    room: Room,
    kind: ArcRwSignal<RowKind>,
    initial: MessageRow,
) -> impl IntoView {
    let desk = use_desk();
    let MessageRow { author, mine, .. } = initial.clone();
    let row = Memo::new(move |last: Option<&MessageRow>| match kind.get() {
        RowKind::Message(row) => row,
        // A row does not change its kind.
        _ => last.unwrap_or(&initial).clone(),
    });
    let lead = Memo::new(move |_| row.with(|row| row.lead));
    let mark = Memo::new(move |_| row.with(|row| row.mark));
    let body = Memo::new(move |_| row.with(|row| row.body.clone()));
    let offset = Memo::new(move |_| row.with(|row| row.offset));
    let name = author.name.to_string();
    let editable = Memo::new(move |_| {
        let settled = matches!(mark.get(), Mark::None | Mark::Acknowledged)
            && body.with(|body| *body != Body::Deleted);
        offset.get().filter(|_| mine && settled)
    });
    let editing = move || {
        offset
            .get()
            .is_some_and(|offset| desk.editing.get() == Some(offset))
    };
    view! {
        <li
            class="message"
            data-testid="message"
            tabindex="-1"
            data-offset=move || offset.get().map(|offset| offset.to_string())
            data-lead=move || lead.get().then_some("")
            data-mine=mine.then_some("")
            data-state=move || mark_name(mark.get())
            data-editing=move || editing().then_some("")
        >
            <Show when=move || lead.get()>
                <Monogram name=name.clone() you=mine />
                <Header name=name.clone() row />
            </Show>
            <div class="said">
                <Words body />
                <MarkView mark />
                <Refusal room row />
            </div>
            <Show when=move || editable.get().is_some()>
                <Actions offset=editable />
            </Show>
        </li>
    }
}

#[component]
fn Header(name: String, row: Memo<MessageRow>) -> impl IntoView {
    let times = formats::use_times();
    let at = Memo::new(move |_| row.with(|row| row.at));
    view! {
        <header>
            <strong dir="auto">{name}</strong>
            <time datetime=move || formats::machine(at.get()) title=move || times.full(at.get())>
                {move || times.time(at.get())}
            </time>
        </header>
    }
}

/// The words, as text and links and nothing else.
#[component]
fn Words(body: Memo<Body>) -> impl IntoView {
    let i18n = use_i18n();
    move || {
        match body.get() {
        Body::Deleted => {
            view! { <span class="text gone" data-testid="deleted">{t!(i18n, chat.deleted)}</span> }.into_any()
        }
        Body::Text { text, edited } => view! {
            <span class="text" dir="auto" data-testid="message-text">
                {pieces(&text).into_iter().map(piece_view).collect_view()}
            </span>
            {edited.then(|| view! { <span class="note" data-testid="edited">{t!(i18n, chat.edited)}</span> })}
        }
        .into_any(),
    }
    }
}

fn piece_view(piece: Piece<'_>) -> AnyView {
    match piece {
        Piece::Plain(text) => text.to_owned().into_any(),
        Piece::Link(link) => {
            let link = link.to_owned();
            view! { <a href=link target="_blank" rel="noopener noreferrer">{link.clone()}</a> }
                .into_any()
        }
    }
}

/// How far one's own words have come.
#[component]
fn MarkView(mark: Memo<Mark>) -> impl IntoView {
    let i18n = use_i18n();
    move || match mark.get() {
        Mark::Waiting => view! {
            <span class="mark" title=move || t_string!(i18n, chat.mark.waiting)>
                <Icon glyph=Glyph::Clock />
                <span class="unseen">{t!(i18n, chat.mark.waiting)}</span>
            </span>
        }
        .into_any(),
        Mark::Acknowledged => view! {
            <span class="mark" title=move || t_string!(i18n, chat.mark.acknowledged)>
                <Icon glyph=Glyph::Tick />
                <span class="unseen">{t!(i18n, chat.mark.acknowledged)}</span>
            </span>
        }
        .into_any(),
        Mark::None | Mark::Refused(_) => ().into_any(),
    }
}

/// Why it was not sent, and what to do.
#[component]
fn Refusal(room: Room, row: Memo<MessageRow>) -> impl IntoView {
    let i18n = use_i18n();
    let refused = Memo::new(move |_| {
        row.with(|row| match row.mark {
            Mark::Refused(code) => row.local.map(|local| (local, code)),
            Mark::None | Mark::Waiting | Mark::Acknowledged => None,
        })
    });
    move || {
        let (local, code) = refused.get()?;
        let (again, away) = (room.clone(), room.clone());
        Some(view! {
            <div class="refused" role="alert" data-testid="refused">
                <Icon glyph=Glyph::Warning />
                <span>{move || t_string!(i18n, chat.mark.refused, why = words::error(i18n, code))}</span>
                <button type="button" class="button link" data-testid="retry" on:click=move |_| again.retry(local)>
                    {t!(i18n, chat.retry)}
                </button>
                <button type="button" class="button link" data-testid="discard" on:click=move |_| away.discard(local)>
                    {t!(i18n, chat.discard)}
                </button>
            </div>
        })
    }
}

/// What one can do to a message of one's own. Seen while it is pointed at or focused.
#[component]
fn Actions(offset: Memo<Option<Offset>>) -> impl IntoView {
    let i18n = use_i18n();
    let desk = use_desk();
    let edit = move |_| {
        if let Some(offset) = offset.get_untracked() {
            desk.edit(offset);
        }
    };
    let delete = move |_| {
        if let Some(offset) = offset.get_untracked() {
            desk.ask_to_delete(offset);
        }
    };
    view! {
        <div class="actions" role="group" aria-label=move || t_string!(i18n, chat.message_actions)>
            <button
                type="button"
                data-testid="edit"
                title=move || t_string!(i18n, chat.edit)
                aria-label=move || t_string!(i18n, chat.edit)
                on:click=edit
            >
                <Icon glyph=Glyph::Edit />
            </button>
            <button
                type="button"
                data-testid="delete"
                title=move || t_string!(i18n, chat.delete)
                aria-label=move || t_string!(i18n, chat.delete)
                on:click=delete
            >
                <Icon glyph=Glyph::Delete />
            </button>
        </div>
    }
}

fn mark_name(mark: Mark) -> Option<&'static str> {
    match mark {
        Mark::None => None,
        Mark::Waiting => Some("waiting"),
        Mark::Acknowledged => Some("acknowledged"),
        Mark::Refused(_) => Some("refused"),
    }
}
