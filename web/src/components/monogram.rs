//! The mark of a person: letters in a ring, like a labelled jack.

use leptos::prelude::*;

use crate::pages::chat::monogram;

/// A person's mark. The name stands beside it, so it is not read out.
#[component]
pub(crate) fn Monogram(
    /// Whose.
    #[prop(into)]
    name: Signal<String>,
    /// Whether that is the reader.
    #[prop(into)]
    you: Signal<bool>,
) -> impl IntoView {
    view! {
        <span class="monogram" class:you=you aria-hidden="true">
            {move || name.with(|name| monogram(name))}
        </span>
    }
}
