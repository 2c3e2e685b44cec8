//! Whether the browser shows notifications. It is asked for leave here and nowhere else, on a click.

use leptos::prelude::*;

use super::use_alerts;
use crate::browser::notifications::Permission;
use crate::i18n::{t, t_string, use_i18n};

/// The switch, or why there is none.
#[component]
pub(super) fn BrowserSwitch() -> impl IntoView {
    let i18n = use_i18n();
    let announcing = use_alerts().announcing;
    let (permission, wanted) = (announcing.permission, announcing.wanted);
    let on = Memo::new(move |_| wanted.get() && permission.get() == Permission::Granted);
    let control = move || match permission.get() {
        Permission::Unsupported => {
            view! { <p class="hint">{t!(i18n, alerts.browser.unsupported)}</p> }.into_any()
        }
        Permission::Denied => view! {
            <p class="hint" data-testid="browser-denied">{t!(i18n, alerts.browser.denied)}</p>
        }
        .into_any(),
        Permission::Ask | Permission::Granted => view! {
            <button
                type="button"
                class="switch"
                role="switch"
                data-testid="browser-switch"
                aria-checked=move || on.get().to_string()
                on:click=move |_| announcing.set_wanted(!on.get_untracked())
            >
                <i aria-hidden="true"></i>
                {t!(i18n, alerts.browser.switch)}
                <span class="hint">
                    {move || if on.get() {
                        t_string!(i18n, alerts.browser.on)
                    } else {
                        t_string!(i18n, alerts.browser.off)
                    }}
                </span>
            </button>
        }
        .into_any(),
    };
    view! {
        <section class="alerts-browser">
            <h3>{t!(i18n, alerts.browser.title)}</h3>
            <p class="hint">{t!(i18n, alerts.browser.lead)}</p>
            {control}
        </section>
    }
}
