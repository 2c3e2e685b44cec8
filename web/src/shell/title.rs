//! The title of the page: in the top bar, and in the browser's tab with what is unread.

use leptos::prelude::*;

use super::PAGES;
use crate::i18n::use_i18n;

/// What the page is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Title {
    page: String,
    what: Option<String>,
}

#[derive(Clone, Copy)]
struct Shown(RwSignal<Title>);

/// Provides the title and keeps the browser's tab up to date.
pub(crate) fn provide_title() {
    let title = RwSignal::new(Title::default());
    provide_context(Shown(title));
    Effect::new(move |_| {
        let waiting: u32 = PAGES.iter().map(|page| (page.waiting)()).sum();
        let Title { page, what } = title.get();
        let name = what.unwrap_or(page);
        let name = if name.is_empty() {
            "Trunkline".to_owned()
        } else {
            format!("{name} · Trunkline")
        };
        document().set_title(&if waiting > 0 {
            format!("({waiting}) {name}")
        } else {
            name
        });
    });
}

/// Says what the page is about: its name, and what of it is shown.
pub(crate) fn set_title(
    page: impl Fn() -> String + 'static,
    what: impl Fn() -> Option<String> + 'static,
) {
    let Shown(title) = expect_context();
    Effect::new(move |_| {
        title.set(Title {
            page: page(),
            what: what(),
        });
    });
}

/// The title in the top bar.
#[component]
pub(crate) fn PageTitle() -> impl IntoView {
    let i18n = use_i18n();
    let Shown(title) = expect_context();
    let page = move || {
        let page = title.with(|title| title.page.clone());
        if page.is_empty() {
            (PAGES[0].name)(i18n).to_owned()
        } else {
            page
        }
    };
    let what = move || title.with(|title| title.what.clone());
    view! {
        <h1 class="title">
            <span class=move || if what().is_some() { "where" } else { "what" }>{page}</span>
            {move || what().map(|what| view! {
                <span class="where" aria-hidden="true">"/"</span>
                <span class="what">{what}</span>
            })}
        </h1>
    }
}
