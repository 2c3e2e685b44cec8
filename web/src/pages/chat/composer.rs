//! Where one writes: new messages, and edits of one's own.

use leptos::ev::{Event, KeyboardEvent, SubmitEvent};
use leptos::html::Textarea;
use leptos::prelude::*;
use trunkline_protocol::Offset;
use trunkline_protocol::topics::chat::CHAT_TEXT_CHARS_MAX;

use super::model::{TextProblem, check_text};
use super::room::Room;
use super::room_view::use_desk;
use super::typing::Teller;
use super::writing::Writing;
use crate::browser::fields;
use crate::components::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use crate::line::Line;
use crate::realtime::use_realtime;
use crate::words::counted;

/// From so many characters below the limit on, they are counted.
const COUNT_FROM: i32 = 200;

/// The composer of `room`.
#[component]
pub(super) fn Composer(room: Room) -> impl IntoView {
    let i18n = use_i18n();
    let desk = use_desk();
    let writing = Writing {
        desk,
        text: RwSignal::new(room.unsent.get_untracked()),
        aside: StoredValue::new(String::new()),
        teller: Teller::new(&room),
        room,
    };
    let text = writing.text;
    let field = NodeRef::<Textarea>::new();
    follow(&writing, field);
    on_cleanup({
        let teller = writing.teller.clone();
        move || teller.stopped()
    });
    let name = StoredValue::new(writing.room.name.to_string());
    let placeholder = move || t_string!(i18n, chat.composer, room = name.get_value());
    let writing = StoredValue::new(writing);
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        writing.with_value(Writing::submit);
        focus(field);
    };
    let on_input =
        move |event: Event| writing.with_value(|writing| writing.typed(fields::value(&event)));
    let on_key =
        move |event: KeyboardEvent| writing.with_value(|writing| writing.handle_key(&event));
    let label = move || match desk.editing.get() {
        Some(_) => t_string!(i18n, chat.save),
        None => t_string!(i18n, chat.send),
    };
    let glyph = Signal::derive(move || {
        if desk.editing.get().is_some() {
            Glyph::Tick
        } else {
            Glyph::Send
        }
    });
    view! {
        <form class="composer" on:submit=on_submit>
            <EditingLine />
            <div class="box">
                <div class="grow" data-text=text>
                    <textarea
                        id="composer"
                        data-testid="composer"
                        rows="1"
                        dir="auto"
                        enterkeyhint="send"
                        node_ref=field
                        placeholder=placeholder
                        aria-label=placeholder
                        aria-describedby="composer-line"
                        on:input=on_input
                        on:keydown=on_key
                    ></textarea>
                </div>
                <button
                    class="button primary icon send"
                    data-testid="send"
                    title=label
                    aria-label=label
                    disabled=move || text.with(|text| check_text(text).is_err())
                >
                    <Icon glyph=glyph />
                </button>
            </div>
            <FootLine text />
        </form>
    }
}

/// Keeps the field and the text the same. The field is written only where it differs, so that an
/// input method is never disturbed while it composes.
fn follow(writing: &Writing, field: NodeRef<Textarea>) {
    let text = writing.text;
    let writing = writing.clone();
    Effect::new(move |before: Option<Option<Offset>>| {
        let editing = writing.follow_desk(before);
        if before.is_some_and(|before| before != editing) {
            focus(field);
        }
        editing
    });
    Effect::new(move |_| {
        let Some(field) = field.get() else { return };
        text.with(|text| {
            if field.value() != *text {
                field.set_value(text);
                let end = u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
                // A field that cannot place its cursor leaves it where it is.
                let _ = field.set_selection_range(end, end);
            }
        });
    });
}

fn focus(field: NodeRef<Textarea>) {
    if let Some(field) = field.get_untracked() {
        // Nothing is lost if the field cannot take the focus.
        let _ = field.focus();
    }
}

/// Says that an edit is going on, and how to leave it.
#[component]
fn EditingLine() -> impl IntoView {
    let i18n = use_i18n();
    let editing = use_desk().editing;
    view! {
        <Show when=move || editing.get().is_some()>
            <div class="editing" data-testid="editing">
                <Icon glyph=Glyph::Edit />
                <span>{t!(i18n, chat.editing)}</span>
                <button type="button" class="button quiet" on:click=move |_| editing.set(None)>{t!(i18n, cancel)}</button>
            </div>
        </Show>
    }
}

/// What holds for writing now: keys, the line, the length.
#[component]
fn FootLine(text: RwSignal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let realtime = use_realtime();
    let editing = use_desk().editing;
    let live = Memo::new(move |_| realtime.line.get().is_live());
    let connecting =
        Memo::new(move |_| matches!(realtime.line.get(), Line::Connecting { attempt: 0 }));
    let left = Memo::new(move |_| {
        let limit = i32::try_from(CHAT_TEXT_CHARS_MAX).unwrap_or(i32::MAX);
        text.with(|text| match check_text(text) {
            Ok(text) => limit - i32::try_from(text.chars().count()).unwrap_or(i32::MAX),
            Err(TextProblem::Empty) => limit,
            Err(TextProblem::TooLong(over)) => -i32::try_from(over).unwrap_or(i32::MAX),
        })
    });
    let words = move || match (live.get() || connecting.get(), editing.get()) {
        (false, _) => t_string!(i18n, chat.waits),
        (true, Some(_)) => t_string!(i18n, chat.keys_edit),
        (true, None) => t_string!(i18n, chat.keys),
    };
    view! {
        <div class="line" class:keys=move || { live.get() && left.get() > COUNT_FROM }>
            <span id="composer-line" data-testid="composer-line">{words}</span>
            <Show when=move || { left.get() <= COUNT_FROM }>
                <span
                    class="length"
                    role="status"
                    data-testid="length"
                    data-over=move || (left.get() < 0).then_some("")
                >
                    {move || match left.get() {
                        left if left < 0 => counted!(i18n, -left, chat.over),
                        left => counted!(i18n, left, chat.left),
                    }}
                </span>
            </Show>
        </div>
    }
}
