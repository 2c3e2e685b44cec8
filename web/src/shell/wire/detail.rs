//! One frame: its sizes, its content as JSON, its bytes.

use leptos::prelude::*;
use trunkline_web_model::wire::{content, hex, line};

use super::drawer::CopyButton;
use super::use_inspector;
use crate::i18n::{t, use_i18n};

/// The frame that is looked at, or a word that none is.
#[component]
pub(super) fn Detail() -> impl IntoView {
    let i18n = use_i18n();
    let inspector = use_inspector();
    // It stays as it is while others come, even when the list has forgotten it.
    let entry = Memo::new(move |before: Option<&Option<_>>| {
        let number = inspector.selected.get()?;
        let found = inspector.wire.with(|wire| wire.entry(number).cloned());
        found.or_else(|| before.cloned().flatten())
    });
    let shown = move || {
        let Some(entry) = entry.get() else {
            return view! { <p class="hint">{t!(i18n, wire.pick)}</p> }.into_any();
        };
        let size = entry.tapped.size;
        let json = line(&entry);
        let dump = hex(&entry);
        let hides_token = entry.tapped.what.hides_token();
        view! {
            <dl class="wire-sizes">
                <div><dt>{t!(i18n, wire.payload)}</dt><dd data-testid="wire-payload">{size.payload}" B"</dd></div>
                <div><dt>{t!(i18n, wire.header)}</dt><dd data-testid="wire-header">{size.header}" B"</dd></div>
                <div><dt>{t!(i18n, wire.total)}</dt><dd data-testid="wire-total">{size.total()}" B"</dd></div>
            </dl>
            <CopyButton testid="wire-copy" words=Signal::derive(move || crate::i18n::t_string!(i18n, wire.copy)) text=move || json.clone() />
            <pre data-testid="wire-content" tabindex="0">{content(&entry)}</pre>
            {dump.map(|dump| view! { <pre class="hex" tabindex="0" data-testid="wire-hex">{dump}</pre> })}
            {hides_token.then(|| view! { <p class="hint">{t!(i18n, wire.token_hidden)}</p> })}
        }
        .into_any()
    };
    view! { <div class="wire-detail" data-testid="wire-detail">{shown}</div> }
}
