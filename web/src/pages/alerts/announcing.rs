//! How a new notification is announced: as a toast where the app is seen, and by the browser where
//! it is not.

use leptos::prelude::{Update as _, *};
use leptos::task::spawn_local;
use leptos_i18n::I18nContext;
use trunkline_protocol::topics::alerts::Notification;
use trunkline_protocol::{Offset, Timestamp, UserId};

use super::model::{Burst, Inbox, Toasts};
use crate::browser::notifications::{self, Message, Permission};
use crate::browser::{clock, events, storage};
use crate::i18n::{Locale, t_string, use_i18n};

/// Where the browser remembers that its notifications are wanted.
const WANTED: &str = "alerts.browser";

/// How many characters of a text the browser shows.
const BODY_CHARS: usize = 160;

/// How new notifications are announced.
#[derive(Clone, Copy)]
pub(crate) struct Announcing {
    /// What is shown in the corner of the page.
    pub(crate) toasts: RwSignal<Toasts>,
    /// Whether somebody can see this page.
    pub(crate) visible: RwSignal<bool>,
    /// Whether the inbox is on the page.
    pub(super) inbox_shown: RwSignal<bool>,
    /// What the reader lets the browser do.
    pub(super) permission: RwSignal<Permission>,
    /// Whether the reader wants it to.
    pub(super) wanted: RwSignal<bool>,
    inbox: RwSignal<Inbox>,
    now: Memo<Timestamp>,
    burst: StoredValue<Burst>,
    i18n: I18nContext<Locale>,
}

impl Announcing {
    pub(super) fn new(inbox: RwSignal<Inbox>, now: Memo<Timestamp>) -> Self {
        let visible = events::visible();
        notifications::tell_whether_seen(visible);
        Self {
            toasts: RwSignal::new(Toasts::default()),
            visible,
            inbox_shown: RwSignal::new(false),
            permission: RwSignal::new(notifications::permission()),
            wanted: RwSignal::new(is_wanted()),
            inbox,
            now,
            burst: StoredValue::new(Burst::default()),
            i18n: use_i18n(),
        }
    }

    /// Shows nothing of what was.
    pub(super) fn forget(self) {
        self.toasts.set(Toasts::default());
    }

    /// Takes away the toasts of what was read elsewhere.
    pub(super) fn tidy(self) {
        if self.toasts.with_untracked(Toasts::is_empty) {
            return;
        }
        let now = self.now.get_untracked();
        self.inbox.with_untracked(|inbox| {
            let unread = inbox.unread(now);
            self.toasts
                .update(|toasts| toasts.keep(|offset| unread.contains(&offset)));
        });
    }

    /// Announces the notification at `offset` to `me`.
    pub(super) fn announce(self, offset: Offset, me: UserId) {
        let now = self.now.get_untracked();
        let told = self.inbox.with_untracked(|inbox| {
            let alert = inbox.get(offset).filter(|alert| alert.is_shown(now));
            alert.map(|alert| (alert.at, alert.notification.clone()))
        });
        let Some((at, told)) = told else {
            return;
        };
        // Another tab may have changed its mind for all of them.
        let by_browser = is_wanted() && notifications::permission() == Permission::Granted;
        if self.visible.get_untracked() || !by_browser {
            if !self.inbox_shown.get_untracked() {
                self.toasts.update(|toasts| toasts.push(offset));
            }
            return;
        }
        spawn_local(self.tell_browser(format!("{me}.{offset}.{}", at.0), me, told));
    }

    /// Has the browser show it, if no other tab does.
    async fn tell_browser(self, name: String, me: UserId, told: Notification) {
        let Some(claim) = notifications::claim(&name).await else {
            return;
        };
        let many = self
            .burst
            .try_update_value(|burst| burst.count(clock::now_ms()))
            .flatten();
        let message = match many {
            None => Message {
                tag: name,
                title: told.title.into(),
                body: told.body.chars().take(BODY_CHARS).collect(),
                path: "/alerts",
            },
            Some(count) => Message {
                tag: format!("{me}.many"),
                title: t_string!(self.i18n, alerts.toast.summary, n = count),
                body: told.title.into(),
                path: "/alerts",
            },
        };
        notifications::show(claim, message).await;
    }

    /// Turns the notifications of the browser on or off. The first time, the browser asks.
    pub(super) fn set_wanted(self, wanted: bool) {
        if !wanted {
            storage::set(WANTED, "off");
            return self.wanted.set(false);
        }
        spawn_local(async move {
            let permission = notifications::ask().await;
            let granted = permission == Permission::Granted;
            if granted {
                storage::set(WANTED, "on");
            }
            self.permission.set(permission);
            self.wanted.set(granted);
        });
    }
}

fn is_wanted() -> bool {
    storage::get(WANTED).as_deref() == Some("on")
}
