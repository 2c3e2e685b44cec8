//! The list of frames: one stop for Tab, arrows inside, newest first.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use trunkline_web_model::wire::{Entry, SHOWN_MAX, clock_text};

use super::{Inspector, use_inspector};
use crate::browser::fields;
use crate::i18n::{t_string, use_i18n};

/// What a row shows of a frame.
#[derive(Clone)]
struct Row {
    number: u64,
    time: String,
    sent: bool,
    kind: &'static str,
    subject: String,
    bytes: usize,
}

impl Row {
    fn of(entry: &Entry, inspector: Inspector) -> Self {
        let tapped = &entry.tapped;
        Self {
            number: entry.number,
            time: clock_text(inspector.wall_ms + tapped.at_ms as f64),
            sent: tapped.what.is_sent(),
            kind: entry.kind(),
            subject: tapped.subject.clone().unwrap_or_default(),
            bytes: tapped.size.total(),
        }
    }
}

/// The frames that pass the filters.
#[component]
pub(super) fn FrameList() -> impl IntoView {
    let i18n = use_i18n();
    let inspector = use_inspector();
    let Inspector { wire, selected, .. } = inspector;
    let rows = move || {
        wire.with(|wire| {
            let shown = wire.shown().take(SHOWN_MAX);
            shown.map(|it| Row::of(it, inspector)).collect::<Vec<_>>()
        })
    };
    let is_empty = Memo::new(move |_| wire.with(|wire| wire.shown().next().is_none()));
    let has_frames = Memo::new(move |_| wire.with(|wire| !wire.is_empty()));
    let on_key = move |event: KeyboardEvent| {
        let above = match fields::key(&event).as_str() {
            "ArrowUp" => true,
            "ArrowDown" => false,
            _ => return,
        };
        event.prevent_default();
        let next = wire.with_untracked(|wire| wire.beside(selected.get_untracked(), above));
        selected.set(next);
        let row = next.and_then(|next| document().get_element_by_id(&row_id(next)));
        if let Some(row) = row {
            let nearest = web_sys::ScrollIntoViewOptions::new();
            nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
            row.scroll_into_view_with_scroll_into_view_options(&nearest);
        }
    };
    view! {
        <div
            class="wire-list"
            role="listbox"
            tabindex="0"
            data-testid="wire-list"
            aria-label=move || t_string!(i18n, wire.frames)
            aria-activedescendant=move || selected.get().map(row_id)
            on:keydown=on_key
        >
            <For each=rows key=|row| row.number let:row>
                <FrameRow row />
            </For>
        </div>
        <Show when=move || is_empty.get()>
            <p class="hint wire-empty" data-testid="wire-empty">
                {move || if has_frames.get() {
                    t_string!(i18n, wire.none_pass)
                } else {
                    t_string!(i18n, wire.empty)
                }}
            </p>
        </Show>
    }
}

#[component]
fn FrameRow(row: Row) -> impl IntoView {
    let i18n = use_i18n();
    let selected = use_inspector().selected;
    let number = row.number;
    view! {
        <div
            class="wire-row"
            role="option"
            id=row_id(number)
            data-testid="wire-row"
            data-sent=row.sent.to_string()
            aria-selected=move || (selected.get() == Some(number)).to_string()
            on:click=move |_| selected.set(Some(number))
        >
            <span class="time">{row.time}</span>
            <span class="way">
                <span aria-hidden="true">{if row.sent { "→ " } else { "← " }}</span>
                {move || if row.sent { t_string!(i18n, wire.out) } else { t_string!(i18n, wire.into) }}
            </span>
            <span class="kind">{row.kind}</span>
            <span class="subject" dir="auto">{row.subject}</span>
            <span class="bytes">{row.bytes}" B"</span>
        </div>
    }
}

fn row_id(number: u64) -> String {
    format!("wire-{number}")
}
