//! The frame around every page: rail, top bar, tab bar. A new page is one entry in [`PAGES`].

mod favicon;
mod navigation;
mod toasts;
mod title;
mod wire;
mod you;

use leptos::ev::MouseEvent;
use leptos::html::Main;
use leptos::prelude::*;
use leptos_i18n::I18nContext;

use crate::components::{Badge, Glyph, LanguageChoice, ThemeSwitch};
use crate::i18n::{Locale, t, t_string, use_i18n};
use crate::pages::{alerts, chat};
use crate::words::counted;
use navigation::{Rail, TabBar};
use title::PageTitle;
use toasts::ToastCorner;
use wire::{WireDrawer, use_inspector};

pub(crate) use favicon::keep_favicon;
pub(crate) use title::{provide_title, set_title};
pub(crate) use wire::provide_wire;
pub(crate) use you::{RenameDialog, provide_renaming};

/// A page that one can go to.
pub(crate) struct Page {
    /// Where it is. Everything below it belongs to it, too.
    pub(crate) path: &'static str,
    pub(crate) glyph: Glyph,
    pub(crate) name: fn(I18nContext<Locale>) -> &'static str,
    /// How much waits there to be seen.
    pub(crate) waiting: fn() -> u32,
    /// The same in words.
    pub(crate) counted: fn(I18nContext<Locale>, u32) -> String,
}

/// The pages there are, in order.
pub(crate) const PAGES: &[Page] = &[
    Page {
        path: "/chat",
        glyph: Glyph::Chat,
        name: |i18n| t_string!(i18n, pages.chat),
        waiting: chat::unread,
        counted: |i18n, count| counted!(i18n, count, chat.unread_count),
    },
    Page {
        path: "/ticker",
        glyph: Glyph::Ticker,
        name: |i18n| t_string!(i18n, pages.ticker),
        waiting: || 0,
        counted: |_, _| String::new(),
    },
    Page {
        path: "/alerts",
        glyph: Glyph::Bell,
        name: |i18n| t_string!(i18n, pages.alerts),
        waiting: alerts::unread,
        counted: |i18n, count| counted!(i18n, count, alerts.unread),
    },
    Page {
        path: "/arena",
        glyph: Glyph::Arena,
        name: |i18n| t_string!(i18n, pages.arena),
        waiting: || 0,
        counted: |_, _| String::new(),
    },
    Page {
        path: "/live",
        glyph: Glyph::Live,
        name: |i18n| t_string!(i18n, pages.live),
        waiting: || 0,
        counted: |_, _| String::new(),
    },
    Page {
        path: "/lab",
        glyph: Glyph::Lab,
        name: |i18n| t_string!(i18n, pages.lab),
        waiting: || 0,
        counted: |_, _| String::new(),
    },
];

/// The frame, with a page in it.
#[component]
pub(crate) fn Shell(children: Children) -> impl IntoView {
    let i18n = use_i18n();
    let taps = use_inspector().taps;
    let page = NodeRef::<Main>::new();
    // By hand: the router would take the link for a way to another page.
    let skip = move |event: MouseEvent| {
        event.prevent_default();
        if let Some(page) = page.get_untracked() {
            // Nothing is lost if the page cannot take the focus.
            let _ = page.focus();
        }
    };
    view! {
        <div class="shell" data-taps=move || taps.get()>
            <a class="skip unseen" href="#page" on:click=skip>{t!(i18n, skip_to_page)}</a>
            <Rail />
            <header class="top-bar">
                <PageTitle />
                <Badge />
                <div class="wide"><LanguageChoice /></div>
                <div class="wide"><ThemeSwitch /></div>
            </header>
            <main class="page" id="page" tabindex="-1" node_ref=page>{children()}</main>
            <WireDrawer />
            <TabBar />
            <ToastCorner />
        </div>
    }
}

/// A count as it is shown: three figures at most.
pub(crate) fn shown_count(count: u32) -> String {
    if count > 99 {
        "99+".to_owned()
    } else {
        count.to_string()
    }
}
