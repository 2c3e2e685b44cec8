//! One notification: how much it matters, what it says, and what one can do with it.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use trunkline_protocol::Offset;
use trunkline_protocol::topics::alerts::{AlertLevel, Notification, is_web_address};

use super::model::{Alert, Mark};
use super::use_alerts;
use crate::browser::formats;
use crate::components::{Glyph, Icon};
use crate::i18n::{Locale, t, t_string, use_i18n};

/// A notification in the inbox.
#[component]
pub(super) fn AlertRow(
    offset: Offset,
    unread: bool,
    alert: Alert,
    selected: RwSignal<BTreeSet<Offset>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    let times = formats::use_times();
    let Alert {
        at, notification, ..
    } = alert;
    let Notification {
        title,
        body,
        level,
        expires,
        ..
    } = notification.clone();
    let title = title.to_string();
    let label = title.clone();
    let toggle = move |_| {
        selected.update(|selected| {
            if !selected.remove(&offset) {
                selected.insert(offset);
            }
        });
    };
    let expiry = expires.map(|expires| {
        view! { <span>{move || t_string!(i18n, alerts.expires, time = times.full(expires))}</span> }
    });
    view! {
        <li class="alert" data-testid="alert" data-offset=offset.to_string() data-level=level.name() data-unread=unread.then_some("")>
            <label class="alert-pick">
                <input
                    type="checkbox"
                    prop:checked=move || selected.with(|selected| selected.contains(&offset))
                    aria-label=move || t_string!(i18n, alerts.select, title = label.clone())
                    on:change=toggle
                />
            </label>
            <span class="alert-level" title=move || level_word(i18n, level)>
                <Icon glyph=level_glyph(level) />
                <span class="unseen">{move || level_word(i18n, level)}</span>
            </span>
            <div class="alert-words">
                <header>
                    <strong dir="auto" data-testid="alert-title">{title}</strong>
                    {unread.then(|| view! { <span class="unseen">{t!(i18n, alerts.unread_mark)}</span> })}
                    <time datetime=formats::machine(at) title=move || times.full(at)>{move || times.time(at)}</time>
                </header>
                {(!body.is_empty()).then(|| view! { <p dir="auto">{body.to_string()}</p> })}
                <footer>
                    <AlertLink offset unread notification />
                    {expiry}
                </footer>
            </div>
            <div class="alert-acts">
                {unread.then(|| view! {
                    <button
                        type="button"
                        class="button quiet icon"
                        data-testid="alert-read"
                        title=move || t_string!(i18n, alerts.mark)
                        aria-label=move || t_string!(i18n, alerts.mark)
                        on:click=move |_| alerts.mark(Mark::Read, &[offset])
                    >
                        <Icon glyph=Glyph::Tick />
                    </button>
                })}
                <button
                    type="button"
                    class="button quiet icon"
                    data-testid="alert-dismiss"
                    title=move || t_string!(i18n, alerts.dismiss)
                    aria-label=move || t_string!(i18n, alerts.dismiss)
                    on:click=move |_| alerts.mark(Mark::Dismissed, &[offset])
                >
                    <Icon glyph=Glyph::Delete />
                </button>
            </div>
        </li>
    }
}

/// Where a notification leads, if it leads to the web. Whoever goes there has read it.
#[component]
fn AlertLink(offset: Offset, unread: bool, notification: Notification) -> impl IntoView {
    let i18n = use_i18n();
    let alerts = use_alerts();
    // The server has checked it; nothing else becomes a link here.
    let link = notification.link.filter(|link| is_web_address(link))?;
    let link = link.to_string();
    let host = host_of(&link);
    let action = notification.action.map(|action| action.to_string());
    let words = move || match &action {
        Some(action) => action.clone(),
        None => t_string!(i18n, alerts.open_link, host = host.clone()),
    };
    let go = move |_| {
        if unread {
            alerts.mark(Mark::Read, &[offset]);
        }
    };
    let title = link.clone();
    Some(view! {
        <a href=link title=title target="_blank" rel="noopener noreferrer" dir="auto" on:click=go>
            {words}
            <Icon glyph=Glyph::Outside />
        </a>
    })
}

/// The host of a web address.
fn host_of(link: &str) -> String {
    let rest = link.split_once("//").map_or(link, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next();
    host.unwrap_or_default().to_owned()
}

/// The sign of a level.
pub(crate) fn level_glyph(level: AlertLevel) -> Glyph {
    match level {
        AlertLevel::Info => Glyph::Info,
        AlertLevel::Success => Glyph::Tick,
        AlertLevel::Warning => Glyph::Warning,
        AlertLevel::Critical => Glyph::Critical,
    }
}

/// The word of a level.
pub(crate) fn level_word(i18n: I18nContext<Locale>, level: AlertLevel) -> &'static str {
    match level {
        AlertLevel::Info => t_string!(i18n, alerts.level.info),
        AlertLevel::Success => t_string!(i18n, alerts.level.success),
        AlertLevel::Warning => t_string!(i18n, alerts.level.warning),
        AlertLevel::Critical => t_string!(i18n, alerts.level.critical),
    }
}
