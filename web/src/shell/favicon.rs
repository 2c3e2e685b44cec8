//! The icon of the browser's tab: with a lamp while notifications are unread.

use leptos::prelude::*;

use crate::pages::alerts;

/// The icon with the lamp; `index.html` has it copied under this name.
const UNREAD: &str = "/favicon-unread.svg";

/// Keeps the icon up to date.
pub(crate) fn keep_favicon() {
    let icon = document().query_selector("link[rel=icon]").ok().flatten();
    let plain = icon.as_ref().and_then(|icon| icon.get_attribute("href"));
    let Some((icon, plain)) = icon.zip(plain) else {
        return;
    };
    let icon = StoredValue::new_local(icon);
    let any = Memo::new(move |_| alerts::unread() > 0);
    Effect::new(move |_| {
        let shown = if any.get() { UNREAD } else { &plain };
        icon.with_value(|icon| {
            // An attribute name of ours is valid.
            let _ = icon.set_attribute("href", shown);
        });
    });
}
