//! What opens the inspector: a button at the foot of the rail, and an item behind "more".

use leptos::prelude::*;

use super::use_inspector;
use crate::components::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};

/// The button at the foot of the rail.
#[component]
pub(in crate::shell) fn WireButton() -> impl IntoView {
    let i18n = use_i18n();
    let inspector = use_inspector();
    view! {
        <div class="wire-button">
            <button
                type="button"
                data-testid="wire-button"
                title=move || t_string!(i18n, wire.hint)
                aria-keyshortcuts="Control+`"
                aria-expanded=move || inspector.open.get().to_string()
                on:click=move |_| inspector.toggle()
            >
                <Icon glyph=Glyph::Wire />
                <span>{t!(i18n, wire.open)}</span>
                <Icon glyph=Glyph::Up />
            </button>
        </div>
    }
}

/// The item of the menu in narrow windows.
#[component]
pub(in crate::shell) fn WireItem(
    /// The menu that it stands in.
    open: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let inspector = use_inspector();
    let toggle = move |_| {
        open.set(false);
        inspector.toggle();
    };
    view! {
        <li>
            <button type="button" data-testid="wire-item" on:click=toggle>
                <Icon glyph=Glyph::Wire />
                {t!(i18n, wire.label)}
            </button>
        </li>
    }
}
