//! How much the reader wants to see move.

use leptos::prelude::window;

/// Whether as little as possible is to move.
pub(crate) fn is_reduced() -> bool {
    let asked = window().match_media("(prefers-reduced-motion: reduce)");
    asked.ok().flatten().is_some_and(|it| it.matches())
}
