//! The alerts page: what the reader was told, what is unread of it first, and a form to try it.
//!
//! [`feed`] is where it meets the client, on every page of the app; what an inbox knows is in
//! `web/model`; the other files are what is seen.

mod feed;
mod announcing;
mod inbox;
mod toolbar;
mod row;
mod form;
mod settings;

use leptos::prelude::*;
use trunkline_web_model::alerts as model;

use crate::components::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use crate::shell::set_title;
use form::SelfForm;
use inbox::InboxView;
use settings::BrowserSwitch;

pub(crate) use feed::{provide_alerts, use_alerts};
pub(crate) use row::{level_glyph, level_word};

/// How many notifications are unread.
pub(crate) fn unread() -> u32 {
    use_alerts().unread()
}

/// The page at `/alerts`.
#[component]
pub(crate) fn AlertsPage() -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    set_title(move || t_string!(i18n, pages.alerts).to_owned(), || None);
    alerts.announcing.inbox_shown.set(true);
    on_cleanup(move || alerts.announcing.inbox_shown.set(false));
    // What is in the inbox needs no toast.
    alerts.announcing.forget();
    view! {
        <div class="alerts">
            <div class="alerts-columns">
                <InboxView />
                <aside class="alerts-aside">
                    <details class="alerts-try" open=is_wide()>
                        <summary>
                            <Icon glyph=Glyph::Send />
                            {t!(i18n, alerts.form.title)}
                        </summary>
                        <SelfForm />
                    </details>
                    <BrowserSwitch />
                </aside>
            </div>
        </div>
    }
}

/// Whether there is room beside the inbox. `alerts.css` says the same.
fn is_wide() -> bool {
    let wide = window().match_media("(width >= 1100px)");
    wide.ok().flatten().is_some_and(|it| it.matches())
}
