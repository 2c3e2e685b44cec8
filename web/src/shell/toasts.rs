//! Toasts: new notifications in the corner of every page, each for a few seconds of being seen.

use leptos::prelude::*;
use trunkline_protocol::Offset;
use trunkline_web_model::alerts::{Mark, Toasts};

use crate::browser::events;
use crate::components::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use crate::pages::alerts::{level_glyph, level_word, use_alerts};
use crate::words::counted;

/// The corner.
#[component]
pub(super) fn ToastCorner() -> impl IntoView {
    let i18n = use_i18n();
    let announcing = use_alerts().announcing;
    let toasts = announcing.toasts;
    // Whoever reads or reaches for one has time.
    let held = RwSignal::new(false);
    let waiting = Memo::new(move |_| !toasts.with(Toasts::is_empty));
    let seconds = events::ticks(1_000, move || {
        waiting.get() && announcing.visible.get() && !held.get()
    });
    Effect::new(move |before: Option<u64>| {
        let now = seconds.get();
        if before.is_some_and(|before| before != now) {
            toasts.update(Toasts::tick);
        }
        now
    });
    // A corner that is empty cannot be left.
    Effect::new(move |_| {
        if !waiting.get() {
            held.set(false);
        }
    });
    let shown = Memo::new(move |_| toasts.with(Toasts::shown));
    let more = Memo::new(move |_| toasts.with(Toasts::more));
    view! {
        <section
            class="toasts"
            aria-label=move || t_string!(i18n, alerts.toast.label)
            aria-live="polite"
            on:pointerenter=move |_| held.set(true)
            on:pointerleave=move |_| held.set(false)
            on:focusin=move |_| held.set(true)
            on:focusout=move |_| held.set(false)
        >
            {move || (more.get() > 0).then(|| view! {
                <p class="toast-more"><a href="/alerts">{counted!(i18n, more.get(), alerts.toast.more)}</a></p>
            })}
            <For each=move || shown.get() key=|offset| *offset let:offset>
                <Toast offset />
            </For>
        </section>
    }
}

#[component]
fn Toast(offset: Offset) -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    let alert = alerts
        .inbox
        .with_untracked(|inbox| inbox.get(offset).cloned())?;
    let told = alert.notification;
    let level = told.level;
    let hide = move || {
        alerts
            .announcing
            .toasts
            .update(|toasts| toasts.keep(|shown| shown != offset));
    };
    let read = move |_| {
        hide();
        alerts.mark(Mark::Read, &[offset]);
    };
    let body = (!told.body.is_empty()).then(|| {
        view! { <p dir="auto">{told.body.to_string()}</p> }
    });
    Some(view! {
        <article class="toast" data-testid="toast" data-level=level.name()>
            <span class="alert-level">
                <Icon glyph=level_glyph(level) />
                <span class="unseen">{move || level_word(i18n, level)}</span>
            </span>
            <div>
                <strong dir="auto"><a href="/alerts">{told.title.to_string()}</a></strong>
                {body}
                <button type="button" class="button link" data-testid="toast-read" on:click=read>
                    {t!(i18n, alerts.mark)}
                </button>
            </div>
            <button
                type="button"
                class="button quiet icon"
                aria-label=move || t_string!(i18n, alerts.toast.close)
                on:click=move |_| hide()
            >
                <Icon glyph=Glyph::Close />
            </button>
        </article>
    })
}
