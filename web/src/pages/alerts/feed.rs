//! Where notifications meet signals: one subscription for the whole app, on every page, and what
//! one can do with them.

use leptos::prelude::{Update as _, *};
use leptos::task::spawn_local;
use trunkline_client::{
    CallError, Client, Options, PublishError, Publishing, Subscription, Update,
};
use trunkline_protocol::frame::Range;
use trunkline_protocol::topics::alerts::{
    ALERTS_NAMED_MAX, AlertCommand, AlertEvent, Alerts as Topic, Notification,
};
use trunkline_protocol::{ErrorCode, List, Offset, Timestamp, UserId};

use super::announcing::Announcing;
use super::model::{Inbox, Mark};
use crate::browser::events;
use crate::following::{Following, Older};
use crate::realtime::{Realtime, Task, use_realtime};

/// How many events the inbox starts with, and how many each page of older ones has.
const PAGE: u16 = 100;

/// How often it is looked at what has expired, in milliseconds.
const LOOK_MS: u64 = 10_000;

/// The notifications of whoever is signed in.
#[derive(Clone, Copy)]
pub(crate) struct Alerts {
    /// What they were told.
    pub(crate) inbox: RwSignal<Inbox>,
    /// How the inbox is.
    pub(crate) state: RwSignal<Following>,
    /// What is before it.
    pub(crate) older: RwSignal<Older>,
    /// Why the last thing that was done was refused.
    pub(crate) failed: RwSignal<Option<ErrorCode>>,
    /// The server's time, now and then.
    pub(crate) now: Memo<Timestamp>,
    /// How new ones are announced.
    pub(crate) announcing: Announcing,
    unread: Memo<u32>,
    realtime: Realtime,
    feeding: StoredValue<Option<Task>>,
}

/// Provides the notifications. They live as long as the app, so that they come on every page.
pub(crate) fn provide_alerts() {
    let realtime = use_realtime();
    let inbox = RwSignal::new(Inbox::default());
    let ticks = events::ticks(LOOK_MS, || true);
    let now = Memo::new(move |_| {
        ticks.track();
        realtime.server_now()
    });
    let alerts = Alerts {
        inbox,
        state: RwSignal::new(Following::Opening),
        older: RwSignal::new(Older::Perhaps),
        failed: RwSignal::new(None),
        now,
        announcing: Announcing::new(inbox, now),
        unread: Memo::new(move |_| {
            let now = now.get();
            inbox.with(|inbox| inbox.unread_count(now))
        }),
        realtime,
        feeding: StoredValue::new(None),
    };
    // Another client, or none, is another conversation: everything begins anew.
    Effect::new(move |_| {
        let client = realtime.client.get();
        alerts.inbox.set(Inbox::default());
        alerts.state.set(Following::Opening);
        alerts.older.set(Older::Perhaps);
        alerts.failed.set(None);
        alerts.announcing.forget();
        let feed = client.zip(realtime.user_id());
        let task = feed.map(|(client, me)| Task::spawn(alerts.feed(client, me)));
        alerts.feeding.set_value(task);
    });
    provide_context(alerts);
}

/// The notifications of the app.
pub(crate) fn use_alerts() -> Alerts {
    expect_context()
}

impl Alerts {
    /// How many are unread.
    pub(crate) fn unread(self) -> u32 {
        self.unread.get()
    }

    /// Whether there is more to read on the server.
    pub(crate) fn has_older(self) -> bool {
        let (oldest, full) = self.inbox.with(|inbox| (inbox.oldest(), inbox.is_full()));
        oldest.is_some_and(|oldest| oldest > 1) && !full && self.older.get() != Older::None
    }

    /// These were read, or are put away. It shows at once, and is taken back if it is refused.
    pub(crate) fn mark(self, mark: Mark, offsets: &[Offset]) {
        for some in offsets.chunks(ALERTS_NAMED_MAX) {
            let named = List::cut(some.iter().copied());
            let command = match mark {
                Mark::Read => AlertCommand::Read { offsets: named },
                Mark::Dismissed => AlertCommand::Dismiss { offsets: named },
            };
            self.send(mark, some.to_vec(), &command);
        }
    }

    /// All that have come were read.
    pub(crate) fn mark_all(self) {
        let now = self.realtime.server_now_untracked();
        let (unread, offset) = self
            .inbox
            .with_untracked(|inbox| (inbox.unread(now), inbox.newest()));
        self.send(Mark::Read, unread, &AlertCommand::ReadUpTo { offset });
    }

    /// Tells oneself something.
    pub(crate) fn tell(self, notification: Notification) -> Option<Publishing> {
        self.publish(&AlertCommand::Notify { notification })
    }

    /// Reads what came before the oldest event.
    pub(crate) fn load_older(self) {
        if let Some((client, me)) = self.line() {
            spawn_local(async move {
                self.fetch_older(&client, me).await;
            });
        }
    }

    fn line(self) -> Option<(Client, UserId)> {
        let client = self.realtime.client.get_untracked();
        client.zip(self.realtime.user_id())
    }

    fn publish(self, command: &AlertCommand) -> Option<Publishing> {
        let (client, me) = self.line()?;
        Some(client.publish::<Topic>(&me, command))
    }

    fn send(self, mark: Mark, offsets: Vec<Offset>, command: &AlertCommand) {
        let Some(publishing) = self.publish(command) else {
            return;
        };
        self.failed.set(None);
        self.inbox.update(|inbox| inbox.begin(mark, &offsets));
        spawn_local(async move {
            if let Err(error) = publishing.await {
                self.inbox.update(|inbox| inbox.undo(&offsets));
                // Whoever has signed out wants nothing any more.
                if error != PublishError::Ended {
                    self.failed.set(Some(code_of(&error)));
                }
            }
        });
    }

    async fn feed(self, client: Client, me: UserId) {
        let options = Options::newest(PAGE);
        let mut subscription: Subscription<Topic> = client.subscribe(me, options);
        let (mut lost_at, mut begun_at) = (None, None);
        while let Some(update) = subscription.next().await {
            Following::hear(&self.state, &update);
            match update {
                Update::Lost => lost_at = Some(self.realtime.server_now_untracked()),
                Update::Subscribed {
                    recovered, head, ..
                } => {
                    self.begin(recovered, lost_at.take());
                    // What is kept already is no news, and neither is what another history had.
                    if recovered.is_none() || begun_at.is_none() {
                        begun_at = Some(head);
                    }
                }
                Update::Event { offset, event } => {
                    let news = begun_at.is_some_and(|begun_at| offset > begun_at);
                    self.take(offset, event, news.then_some(me));
                    if Some(offset) == begun_at {
                        self.fill(&client, me).await;
                    }
                }
                Update::Gap(gap) => self.inbox.update(|inbox| inbox.handle_gap(gap)),
                Update::Refused(_) | Update::Unreadable { .. } => {}
                // Nobody else is here.
                Update::Members(_) | Update::Joined { .. } | Update::Left { .. } => {}
            }
        }
    }

    fn begin(self, recovered: Option<u64>, lost_at: Option<Timestamp>) {
        if let (Some(count), Some(lost_at)) = (recovered, lost_at)
            && count > 0
        {
            self.realtime.recovered.update(|all| *all += count);
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            let back_at = self.realtime.server_now_untracked();
            self.inbox
                .update(|inbox| inbox.handle_recovered(count, lost_at, back_at));
        }
    }

    /// Takes an event; one that is news is announced to its user.
    fn take(self, offset: Offset, event: AlertEvent, news_for: Option<UserId>) {
        let told = matches!(event, AlertEvent::Notified { .. });
        if let AlertEvent::Notified { at, .. } = &event {
            self.realtime.note_dated(*at);
        }
        self.inbox.update(|inbox| inbox.handle_event(offset, event));
        match news_for {
            Some(me) if told => self.announcing.announce(offset, me),
            _ => self.announcing.tidy(),
        }
    }

    /// Reads on while there may be unread ones before, so that their number is right.
    async fn fill(self, client: &Client, me: UserId) {
        let wanting = || {
            self.inbox
                .with_untracked(|inbox| inbox.may_hide_unread() && !inbox.is_full())
        };
        while wanting() && self.fetch_older(client, me).await {}
    }

    /// Reads a page of older events. False if there is none, or none can be read now.
    async fn fetch_older(self, client: &Client, me: UserId) -> bool {
        let oldest = self.inbox.with_untracked(Inbox::oldest);
        let Some(offset) = oldest.filter(|_| self.older.get_untracked() == Older::Perhaps) else {
            return false;
        };
        self.older.set(Older::Loading);
        let range = Range::Before { offset };
        let page = client.history::<Topic>(&me, range, PAGE).await;
        let more = match page {
            Ok(events) if !events.is_empty() => {
                self.inbox.update(|inbox| {
                    for (offset, event) in events {
                        inbox.handle_event(offset, event);
                    }
                });
                Some(true)
            }
            Err(CallError::Refused(_) | CallError::Ended) => Some(false),
            Ok(_) | Err(CallError::Unreadable(_)) => None,
        };
        self.older.set(match more {
            Some(_) => Older::Perhaps,
            None => Older::None,
        });
        more == Some(true)
    }
}

/// Why a command was not taken.
pub(super) fn code_of(error: &PublishError) -> ErrorCode {
    match error {
        PublishError::Refused(error) => error.code,
        PublishError::OutboxFull => ErrorCode::TooManyRequests,
        PublishError::Ended => ErrorCode::Unavailable,
    }
}
