//! The drawer itself: its height, its bar of filters and buttons, and what is in it.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html::Section;
use leptos::prelude::*;
use leptos::task::spawn_local;
use trunkline_web_model::wire::{Way, Wire};
use wasm_bindgen::JsCast;

use super::detail::Detail;
use super::list::FrameList;
use super::{Inspector, use_inspector};
use crate::browser::{clipboard, fields, storage};
use crate::components::{Glyph, Icon};
use crate::i18n::{t_string, use_i18n};

/// Heights in pixels. The style keeps it below most of the window, too.
const HEIGHT_MIN: i32 = 160;
const HEIGHT_MAX: i32 = 900;
const HEIGHT_STEP: i32 = 24;

/// The drawer while it is open.
#[component]
pub(in crate::shell) fn WireDrawer() -> impl IntoView {
    let inspector = use_inspector();
    view! {
        <Show when=move || inspector.open.get()>
            <OpenDrawer />
        </Show>
    }
}

#[component]
fn OpenDrawer() -> impl IntoView {
    let i18n = use_i18n();
    let inspector = use_inspector();
    let drawer = NodeRef::<Section>::new();
    let kept = storage::get("wire_height").and_then(|kept| kept.parse().ok());
    let height = RwSignal::new(kept.unwrap_or(320).clamp(HEIGHT_MIN, HEIGHT_MAX));
    Effect::new(move |_| {
        let Some(drawer) = drawer.get() else { return };
        if inspector
            .takes_focus
            .try_update_value(std::mem::take)
            .unwrap_or_default()
        {
            // The drawer is on the page and can take it.
            let _ = drawer.focus();
        }
    });
    Effect::new(move |_| {
        let Some(drawer) = drawer.get() else { return };
        let height = height.get();
        storage::set("wire_height", &height.to_string());
        // A property and a length of ours are valid.
        let _ = web_sys::HtmlElement::style(&drawer)
            .set_property("--wire-height", &format!("{height}px"));
    });
    let on_key = move |event: KeyboardEvent| {
        if fields::key(&event) == "Escape" {
            event.stop_propagation();
            inspector.close();
        }
    };
    view! {
        <section
            class="wire"
            tabindex="-1"
            data-testid="wire"
            aria-label=move || t_string!(i18n, wire.label)
            node_ref=drawer
            on:keydown=on_key
        >
            <Handle height />
            <Bar />
            <div class="wire-parts">
                <div class="wire-frames"><FrameList /></div>
                <Detail />
            </div>
        </section>
    }
}

/// What changes the height: dragged, or by the arrows.
#[component]
fn Handle(height: RwSignal<i32>) -> impl IntoView {
    let i18n = use_i18n();
    let dragged = StoredValue::new(None::<i32>);
    let add = move |more: i32| height.update(|it| *it = (*it + more).clamp(HEIGHT_MIN, HEIGHT_MAX));
    let on_key = move |event: KeyboardEvent| {
        match fields::key(&event).as_str() {
            "ArrowUp" => add(HEIGHT_STEP),
            "ArrowDown" => add(-HEIGHT_STEP),
            _ => return,
        }
        event.prevent_default();
    };
    let on_down = move |event: PointerEvent| {
        let handle = event
            .target()
            .and_then(|it| it.dyn_into::<web_sys::Element>().ok());
        // Without capture, only a slow hand can drag.
        let _ = handle.map(|handle| handle.set_pointer_capture(event.pointer_id()));
        dragged.set_value(Some(event.client_y()));
        event.prevent_default();
    };
    let on_move = move |event: PointerEvent| {
        if let Some(from) = dragged.get_value() {
            add(from - event.client_y());
            dragged.set_value(Some(event.client_y()));
        }
    };
    view! {
        <div
            class="wire-handle"
            role="separator"
            aria-orientation="horizontal"
            tabindex="0"
            aria-label=move || t_string!(i18n, wire.resize)
            aria-valuemin=HEIGHT_MIN
            aria-valuemax=HEIGHT_MAX
            aria-valuenow=move || height.get()
            on:keydown=on_key
            on:pointerdown=on_down
            on:pointermove=on_move
            on:pointerup=move |_| dragged.set_value(None)
            on:pointercancel=move |_| dragged.set_value(None)
        ></div>
    }
}

/// Filters, buttons, figures.
#[component]
fn Bar() -> impl IntoView {
    let i18n = use_i18n();
    let inspector = use_inspector();
    let wire = inspector.wire;
    let kinds = Memo::new(move |_| wire.with(Wire::kinds));
    let kind = Memo::new(move |_| wire.with(|wire| wire.filter.kind));
    let paused = Memo::new(move |_| wire.with(Wire::is_paused));
    let choose_kind = move |event| {
        let chosen = fields::value(&event);
        let chosen = kinds.with_untracked(|kinds| kinds.iter().copied().find(|it| *it == chosen));
        wire.update(|wire| wire.filter.kind = chosen);
    };
    view! {
        <div class="wire-bar">
            <Ways />
            <select
                class="input"
                data-testid="wire-kind"
                aria-label=move || t_string!(i18n, wire.kind)
                on:change=choose_kind
            >
                <option value="" selected=move || kind.get().is_none()>
                    {move || t_string!(i18n, wire.all_kinds)}
                </option>
                <For each=move || kinds.get() key=|it| *it let:it>
                    <option value=it selected=move || kind.get() == Some(it)>{it}</option>
                </For>
            </select>
            <input
                class="input"
                type="search"
                data-testid="wire-subject"
                autocomplete="off"
                spellcheck="false"
                maxlength="96"
                aria-label=move || t_string!(i18n, wire.subject)
                placeholder=move || t_string!(i18n, wire.subject)
                prop:value=move || wire.with(|wire| wire.filter.subject.clone())
                on:input=move |event| wire.update(|wire| wire.filter.subject = fields::value(&event))
            />
            <button
                type="button"
                class="button quiet"
                data-testid="wire-pause"
                aria-pressed=move || paused.get().to_string()
                on:click=move |_| wire.update(|wire| wire.set_paused(!wire.is_paused()))
            >
                {move || if paused.get() { t_string!(i18n, wire.resume) } else { t_string!(i18n, wire.pause) }}
            </button>
            <button
                type="button"
                class="button quiet"
                data-testid="wire-clear"
                on:click=move |_| {
                    inspector.selected.set(None);
                    wire.update(Wire::clear);
                }
            >
                {move || t_string!(i18n, wire.clear)}
            </button>
            <CopyButton
                testid="wire-copy-all"
                words=Signal::derive(move || t_string!(i18n, wire.copy_all))
                text=move || wire.with_untracked(Wire::lines)
            />
            <Figures inspector />
            <button
                type="button"
                class="button quiet icon wire-close"
                data-testid="wire-close"
                aria-label=move || t_string!(i18n, wire.close)
                on:click=move |_| inspector.close()
            >
                <Icon glyph=Glyph::Close />
            </button>
        </div>
    }
}

/// The choice of a direction.
#[component]
fn Ways() -> impl IntoView {
    let i18n = use_i18n();
    let wire = use_inspector().wire;
    let chosen = Memo::new(move |_| wire.with(|wire| wire.filter.way));
    let button = move |(way, testid): (Way, &'static str)| {
        view! {
            <button
                type="button"
                data-testid=testid
                aria-pressed=move || (chosen.get() == way).to_string()
                on:click=move |_| wire.update(|wire| wire.filter.way = way)
            >
                {move || match way {
                    Way::Both => t_string!(i18n, wire.both),
                    Way::Sent => t_string!(i18n, wire.only_sent),
                    Way::Received => t_string!(i18n, wire.only_received),
                }}
            </button>
        }
    };
    view! {
        <div class="choice" role="group" aria-label=move || t_string!(i18n, wire.direction)>
            {[(Way::Both, "wire-both"), (Way::Sent, "wire-sent"), (Way::Received, "wire-received")].map(button)}
        </div>
    }
}

/// What was seen, and what was not.
#[component]
fn Figures(inspector: Inspector) -> impl IntoView {
    let i18n = use_i18n();
    let wire = inspector.wire;
    let totals = Memo::new(move |_| wire.with(Wire::totals));
    let passed = Memo::new(move |_| wire.with(Wire::passed));
    let missed = Memo::new(move |_| wire.with(Wire::missed));
    view! {
        <p class="wire-figures" data-testid="wire-figures">
            {move || {
                let it = totals.get();
                format!("→ {} · {} B   ← {} · {} B", it.sent, it.sent_bytes, it.received, it.received_bytes)
            }}
            {move || (passed.get() > 0).then(|| view! {
                <span data-testid="wire-passed">{t_string!(i18n, wire.passed, n = passed.get())}</span>
            })}
            {move || (missed.get() > 0).then(|| view! {
                <span class="wrong">{t_string!(i18n, wire.missed, n = missed.get())}</span>
            })}
        </p>
    }
}

/// A button that copies a text, and says whether that went well.
#[component]
pub(super) fn CopyButton(
    testid: &'static str,
    words: Signal<&'static str>,
    text: impl Fn() -> String + Send + Sync + 'static,
) -> impl IntoView {
    let i18n = use_i18n();
    let copied = RwSignal::new(None::<bool>);
    let copy = move |_| {
        let text = text();
        spawn_local(async move {
            let done = clipboard::copy(&text).await;
            // The button may be gone meanwhile.
            let _ = copied.try_set(Some(done));
        });
    };
    view! {
        <button type="button" class="button quiet" data-testid=testid on:click=copy>
            {words}
        </button>
        <span class="wire-copied" role="status">
            {move || copied.get().map(|done| if done {
                t_string!(i18n, wire.copied)
            } else {
                t_string!(i18n, wire.not_copied)
            })}
        </span>
    }
}
