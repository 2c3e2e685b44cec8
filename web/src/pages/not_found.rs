//! An address without a page.

use leptos::prelude::*;

use crate::i18n::{t, t_string, use_i18n};
use crate::shell::set_title;

/// Says so, and shows the way.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    let i18n = use_i18n();
    set_title(move || t_string!(i18n, not_found.title).to_owned(), || None);
    view! {
        <div class="sign-in">
            <div class="empty">
                <strong>{t!(i18n, not_found.title)}</strong>
                <p>{t!(i18n, not_found.lead)}</p>
                <a class="button" href="/chat">{t!(i18n, not_found.go)}</a>
            </div>
        </div>
    }
}
