//! One room that the reader follows: its signals, the tasks that feed them, and what one can do.

use leptos::prelude::{Update as _, *};
use trunkline_client::{CallError, Client, Options, Subscription, Update};
use trunkline_protocol::frame::Range;
use trunkline_protocol::topics::chat::{Chat, ChatEvent, RoomName};
use trunkline_protocol::{Offset, Timestamp, User};

use super::model::{People, Timeline};
use crate::browser::storage;
use crate::drafts;
use crate::following::{Following, Older};
use crate::realtime::{Realtime, Task};

/// How many events a room starts with, and how many each page of older ones has.
const PAGE: u16 = 100;

/// A room that the reader follows. Clones are handles of the same room.
#[derive(Clone)]
pub(crate) struct Room {
    /// Its name.
    pub(crate) name: RoomName,
    /// Who reads.
    pub(crate) me: User,
    /// What was said, and what waits to be said.
    pub(crate) timeline: ArcRwSignal<Timeline>,
    /// How it is.
    pub(crate) state: ArcRwSignal<Following>,
    /// Who is here.
    pub(crate) people: ArcRwSignal<People>,
    /// What is above.
    pub(crate) older: ArcRwSignal<Older>,
    /// The newest offset that the reader has seen; none before the room has told its head.
    pub(crate) read: ArcRwSignal<Option<Offset>>,
    /// What came after this is marked as unread, while the reader looks at the room.
    pub(crate) marker: ArcRwSignal<Option<Offset>>,
    /// What was written and not sent.
    pub(crate) unsent: ArcRwSignal<String>,
    /// The client that the room lives on.
    pub(crate) client: Client,
    /// The connection and the server's time.
    pub(super) realtime: Realtime,
    _pump: ArcStoredValue<Option<Task>>,
}

impl PartialEq for Room {
    /// True for handles of the same room.
    fn eq(&self, other: &Self) -> bool {
        self.timeline == other.timeline
    }
}

impl Room {
    /// Starts to follow the room.
    pub(crate) fn open(name: RoomName, client: Client, me: User, realtime: Realtime) -> Self {
        let read = storage::get(&read_key(&name)).and_then(|read| read.parse().ok());
        let pump = ArcStoredValue::new(None);
        let room = Self {
            timeline: ArcRwSignal::new(Timeline::new(me.clone())),
            state: ArcRwSignal::new(Following::Opening),
            people: ArcRwSignal::new(People::default()),
            older: ArcRwSignal::new(Older::Perhaps),
            read: ArcRwSignal::new(read),
            marker: ArcRwSignal::new(read),
            unsent: ArcRwSignal::new(drafts::load(me.id, &name)),
            _pump: pump.clone(),
            name,
            me,
            client,
            realtime,
        };
        room.reattach();
        let subscription = room
            .client
            .subscribe::<Chat>(room.name.clone(), Options::newest(PAGE).with_presence());
        // The task holds the room's signals but not the room's handle on the task itself, or
        // neither would ever end.
        let fed = Self {
            _pump: ArcStoredValue::new(None),
            ..room.clone()
        };
        pump.set_value(Some(Task::spawn(fed.pump(subscription))));
        room
    }

    /// How many messages the reader has not seen.
    pub(crate) fn unread(&self) -> u32 {
        self.read.get().map_or(0, |read| {
            self.timeline.with(|timeline| timeline.unread_since(read))
        })
    }

    /// The reader has seen everything that has come.
    pub(crate) fn mark_read(&self) {
        let newest = self.timeline.with_untracked(Timeline::newest);
        if self.read.get_untracked().is_some_and(|read| read != newest) {
            self.read.set(Some(newest));
            storage::set(&read_key(&self.name), &newest.to_string());
        }
    }

    /// Keeps an unsent text as a draft, also over a reload.
    pub(super) fn set_unsent(&self, text: String) {
        drafts::keep(self.me.id, &self.name, &text);
        self.unsent.set(text);
    }

    /// The reader looks away: what comes from now on will be marked as unread.
    pub(crate) fn look_away(&self) {
        self.marker.set(self.read.get_untracked());
    }

    /// Reads what was said before the oldest message; nothing if there is nothing to read now.
    pub(crate) async fn fetch_older(&self) -> Option<Vec<(Offset, ChatEvent)>> {
        let (oldest, has_eras) = self
            .timeline
            .with_untracked(|timeline| (timeline.oldest(), timeline.has_eras()));
        let offset = oldest.filter(|_| self.older.get_untracked() == Older::Perhaps)?;
        if offset <= 1 || has_eras {
            self.older.set(Older::None);
            return None;
        }
        self.older.set(Older::Loading);
        match self
            .client
            .history::<Chat>(&self.name, Range::Before { offset }, PAGE)
            .await
        {
            Ok(events) if !events.is_empty() => Some(events),
            // Whoever scrolls up again asks again.
            Err(CallError::Refused(_) | CallError::Ended) => {
                self.older.set(Older::Perhaps);
                None
            }
            Ok(_) | Err(CallError::Unreadable(_)) => {
                self.older.set(Older::None);
                None
            }
        }
    }

    /// Takes what [`Room::fetch_older`] has read.
    pub(crate) fn take_older(&self, events: Vec<(Offset, ChatEvent)>) {
        self.timeline.update(|timeline| {
            for (offset, event) in events {
                timeline.handle_event(offset, event);
            }
        });
        self.older.set(Older::Perhaps);
    }

    async fn pump(self, mut subscription: Subscription<Chat>) {
        let mut lost_at = None;
        while let Some(update) = subscription.next().await {
            Following::hear(&self.state, &update);
            match update {
                Update::Lost => lost_at = Some(self.realtime.server_now_untracked()),
                Update::Subscribed {
                    recovered,
                    head,
                    members,
                } => {
                    if let Some(members) = members {
                        self.people.set(People::from_members(members, self.me.id));
                    }
                    self.begin(recovered, head, lost_at.take());
                }
                Update::Members(members) => {
                    self.people.set(People::from_members(members, self.me.id));
                }
                Update::Event { offset, event } => self.take(offset, event),
                Update::Gap(gap) => self.timeline.update(|timeline| timeline.handle_gap(gap)),
                Update::Joined { count, member } => {
                    self.people
                        .update(|people| people.handle_joined(count, member, self.me.id));
                }
                Update::Left { count, user } => {
                    self.people.update(|people| people.handle_left(count, user));
                }
                Update::Refused(_) | Update::Unreadable { .. } => {}
            }
        }
    }

    fn begin(&self, recovered: Option<u64>, head: Offset, lost_at: Option<Timestamp>) {
        if let (Some(count), Some(lost_at)) = (recovered, lost_at)
            && count > 0
        {
            self.realtime.recovered.update(|all| *all += count);
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            let back_at = self.realtime.server_now_untracked();
            self.timeline
                .update(|timeline| timeline.handle_recovered(count, lost_at, back_at));
        }
        // A first visit has nothing unread. A head below what was read is another history.
        match self.read.get_untracked() {
            None => self.set_read(head),
            Some(read) if read > head => self.set_read(0),
            Some(_) => {}
        }
    }

    fn set_read(&self, offset: Offset) {
        self.read.set(Some(offset));
        self.marker.set(Some(offset));
        storage::set(&read_key(&self.name), &offset.to_string());
    }

    fn take(&self, offset: Offset, event: ChatEvent) {
        if let ChatEvent::Said { at, .. } = &event {
            self.realtime.note_dated(*at);
        }
        self.timeline
            .update(|timeline| timeline.handle_event(offset, event));
    }
}

/// Forgets what the reader has seen of a room that is no longer followed.
pub(crate) fn forget_read(name: &RoomName) {
    storage::remove(&read_key(name));
}

fn read_key(name: &RoomName) -> String {
    format!("read.{name}")
}
