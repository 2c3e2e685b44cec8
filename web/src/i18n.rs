//! Languages. The build makes this module's keys from `locales/*.json`.

#[allow(
    dead_code,
    unused_imports,
    missing_docs,
    reason = "the generator writes more than the app uses"
)]
mod keys {
    include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));
}

pub(crate) use keys::i18n::{I18nContextProvider, Locale, t, t_string, use_i18n};

use leptos::prelude::*;
use leptos_i18n::Locale as _;

use crate::browser::storage;

/// Follows the kept choice, or else the browser; keeps each new choice.
pub(crate) fn keep_choice() {
    let i18n = use_i18n();
    let kept = storage::get("language").and_then(|name| name.parse::<Locale>().ok());
    // The context looks at the browser's languages in an effect of its own, which runs first.
    Effect::new(move |_| {
        if let Some(kept) = kept {
            i18n.set_locale(kept);
        }
    });
    Effect::new(move |_| {
        let locale = i18n.get_locale();
        if let Some(root) = document().document_element() {
            // An attribute name of ours is valid.
            let _ = root.set_attribute("lang", locale.as_str());
        }
    });
}

/// Chooses a language for good.
pub(crate) fn choose(i18n: leptos_i18n::I18nContext<Locale>, locale: Locale) {
    storage::set("language", locale.as_str());
    i18n.set_locale(locale);
}
