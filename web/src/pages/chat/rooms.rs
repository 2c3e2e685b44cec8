//! The rooms that the reader follows, kept over reloads.

use leptos::prelude::*;
use trunkline_client::Client;
use trunkline_protocol::User;
use trunkline_protocol::topics::chat::RoomName;

use super::room::{Room, forget_read};
use crate::browser::storage;
use crate::realtime::{Realtime, use_realtime};

/// The most rooms that one browser follows; each is a subscription or two.
pub(crate) const FOLLOWED_MAX: usize = 40;

/// The room that everybody starts in.
const FIRST: &str = "lobby";

/// The rooms that the reader follows.
#[derive(Clone, Copy)]
pub(crate) struct Rooms {
    followed: RwSignal<Vec<RoomName>>,
    open: RwSignal<Vec<Room>>,
    realtime: Realtime,
}

/// Provides the rooms. They live as long as the app, so that unread counts go on on every page.
pub(crate) fn provide_rooms() {
    let realtime = use_realtime();
    let kept = storage::get("rooms").unwrap_or_else(|| FIRST.to_owned());
    let mut followed: Vec<RoomName> = Vec::new();
    for name in kept.split_whitespace().filter_map(|name| name.parse().ok()) {
        // What another version or another script has kept may name a room twice.
        if followed.len() < FOLLOWED_MAX && !followed.contains(&name) {
            followed.push(name);
        }
    }
    let rooms = Rooms {
        followed: RwSignal::new(followed),
        open: RwSignal::new(Vec::new()),
        realtime,
    };
    // Another client, or none, is another conversation: everything is opened anew.
    Effect::new(move |_| {
        let client = realtime.client.get();
        let me = realtime
            .account
            .with_untracked(|account| account.user().cloned());
        let names = rooms.followed.get_untracked();
        rooms.open.set(match client.zip(me) {
            Some((client, me)) => names
                .into_iter()
                .map(|name| rooms.start(name, &client, &me))
                .collect(),
            None => Vec::new(),
        });
    });
    provide_context(rooms);
}

/// The rooms of the app.
pub(crate) fn use_rooms() -> Rooms {
    expect_context()
}

impl Rooms {
    /// The rooms, in the order in which they were followed.
    pub(crate) fn all(self) -> Vec<Room> {
        self.open.get()
    }

    /// The room called `name`, if it is followed and somebody is signed in.
    pub(crate) fn get(self, name: &RoomName) -> Option<Room> {
        self.open
            .with(|open| open.iter().find(|room| room.name == *name).cloned())
    }

    /// Tells whether `name` is followed, now.
    pub(crate) fn follows(self, name: &RoomName) -> bool {
        self.followed
            .with_untracked(|followed| followed.contains(name))
    }

    /// True when no more rooms can be followed.
    pub(crate) fn is_full(self) -> bool {
        self.followed
            .with(|followed| followed.len() >= FOLLOWED_MAX)
    }

    /// Follows a room. Following one that is followed changes nothing.
    pub(crate) fn follow(self, name: &RoomName) {
        if self.follows(name)
            || self
                .followed
                .with_untracked(|followed| followed.len() >= FOLLOWED_MAX)
        {
            return;
        }
        self.followed.update(|followed| followed.push(name.clone()));
        self.keep();
        let me = self
            .realtime
            .account
            .with_untracked(|account| account.user().cloned());
        if let Some((client, me)) = self.realtime.client.get_untracked().zip(me) {
            let room = self.start(name.clone(), &client, &me);
            self.open.update(|open| open.push(room));
        }
    }

    /// Stops following a room, and names the one to go to instead.
    pub(crate) fn leave(self, name: &RoomName) -> RoomName {
        self.followed
            .update(|followed| followed.retain(|other| other != name));
        self.keep();
        forget_read(name);
        self.open
            .update(|open| open.retain(|room| room.name != *name));
        self.home()
    }

    /// The room to show when none is asked for.
    pub(crate) fn home(self) -> RoomName {
        let first = self
            .followed
            .with_untracked(|followed| followed.first().cloned());
        first.unwrap_or_else(|| FIRST.parse().expect("the first room has a valid name"))
    }

    /// How many messages are unread in all rooms.
    pub(crate) fn unread(self) -> u32 {
        self.open.with(|open| open.iter().map(Room::unread).sum())
    }

    fn start(self, name: RoomName, client: &Client, me: &User) -> Room {
        Room::open(name, client.clone(), me.clone(), self.realtime)
    }

    fn keep(self) {
        let names = self.followed.with_untracked(|followed| {
            followed
                .iter()
                .map(RoomName::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        });
        storage::set("rooms", &names);
    }
}
