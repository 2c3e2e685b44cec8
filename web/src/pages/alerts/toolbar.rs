//! What one does with several notifications at once.

use std::collections::BTreeSet;

use leptos::prelude::*;
use trunkline_protocol::Offset;

use super::model::Mark;
use super::use_alerts;
use crate::components::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use crate::words::counted;

/// The bar above the inbox.
#[component]
pub(super) fn Toolbar(
    /// What is shown, in its order.
    shown: Memo<Vec<Offset>>,
    /// What of it is selected.
    selected: RwSignal<BTreeSet<Offset>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    let count = Memo::new(move |_| u32::try_from(selected.with(BTreeSet::len)).unwrap_or(u32::MAX));
    let all = Memo::new(move |_| {
        let shown = shown.with(Vec::len);
        shown > 0 && selected.with(BTreeSet::len) == shown
    });
    let partly = move || count.get() != 0 && !all.get();
    let toggle = move |_| {
        let every = shown.with_untracked(|shown| shown.iter().copied().collect());
        selected.set(if all.get_untracked() {
            BTreeSet::new()
        } else {
            every
        });
    };
    let mark = move |mark: Mark| {
        let offsets: Vec<Offset> = selected.get_untracked().into_iter().collect();
        alerts.mark(mark, &offsets);
        selected.set(BTreeSet::new());
    };
    let some = move || {
        view! {
            <span class="figures" role="status">{move || counted!(i18n, count.get(), alerts.selected)}</span>
            <button type="button" class="button" data-testid="mark-selected" on:click=move |_| mark(Mark::Read)>
                <Icon glyph=Glyph::Tick />
                {t!(i18n, alerts.mark)}
            </button>
            <button type="button" class="button" data-testid="dismiss-selected" on:click=move |_| mark(Mark::Dismissed)>
                <Icon glyph=Glyph::Delete />
                {t!(i18n, alerts.dismiss)}
            </button>
        }
    };
    let none = move || {
        view! {
            <button
                type="button"
                class="button"
                data-testid="mark-all"
                disabled=move || alerts.unread() == 0
                on:click=move |_| alerts.mark_all()
            >
                <Icon glyph=Glyph::Tick />
                {t!(i18n, alerts.mark_all)}
            </button>
        }
    };
    view! {
        <div class="alerts-bar">
            <label class="alert-pick" title=move || t_string!(i18n, alerts.select_all)>
                <input
                    type="checkbox"
                    data-testid="select-all"
                    prop:checked=move || all.get()
                    prop:indeterminate=partly
                    disabled=move || shown.with(Vec::is_empty)
                    aria-label=move || t_string!(i18n, alerts.select_all)
                    on:change=toggle
                />
            </label>
            <Show when=move || count.get() == 0 fallback=some>{none}</Show>
        </div>
    }
}
