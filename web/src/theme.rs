//! Light, dark, or as the system says. `boot.js` sets it before the first paint.

use leptos::prelude::*;

use crate::browser::storage;

/// The choice of a theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The choice after this one, for a button that goes round.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }
}

/// Provides the choice, applies it and keeps it.
pub(crate) fn provide_theme() {
    let kept = match storage::get("theme").as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::Auto,
    };
    let theme = RwSignal::new(kept);
    Effect::new(move |_| {
        let theme = theme.get();
        if let Some(root) = document().document_element() {
            // An attribute name of ours is valid.
            let _ = root.set_attribute("data-theme", theme.name());
        }
        storage::set("theme", theme.name());
    });
    provide_context(theme);
}

/// The choice of the app.
pub(crate) fn use_theme() -> RwSignal<Theme> {
    expect_context()
}
