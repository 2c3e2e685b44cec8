//! The inbox of a shard: what the rest of the node tells it. The only thing of a shard that others
//! reach, and the only lock between them.
//!
//! A thread that puts something in wakes the shard only if it sleeps; see `wake`.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use mio::{Registry, Token};
use trunkline_hub::{Announcement, ConnectionId};
use trunkline_protocol::{Offset, Publication, TopicName, UserId};

use super::door::Knock;
use super::interest::Interest;
use super::line::Arrival;
use crate::accept::Acceptor;
use crate::traffic::Traffic;
use crate::wake::Sleeper;

/// The most publications that wait for a shard. What comes above it is left out: readers of what is
/// kept then read history, and the others are told how much they missed.
const PUBLICATIONS_MAX: usize = 16 * 1024;

/// A publication on its way to the shards.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) topic: TopicName,
    pub(crate) publication: Publication,
    pub(crate) conflation_key: Option<String>,
    pub(crate) keyframe: bool,
}

/// What a shard is told.
pub(crate) enum Note {
    /// Accept connections.
    Listen(Box<Acceptor>),
    /// Somebody is at the door.
    Knocked(Box<Knock>),
    /// A connection is yours from now on.
    Arrived(Box<Arrival>),
    /// Somebody published.
    Published(Arc<Published>),
    /// The history of a topic began anew.
    Anew(TopicName),
    /// Somebody came or went.
    People(Arc<Announcement>),
    /// The job in this place is to be polled.
    Woken(usize),
    /// There is room in a pipe again, or its reader has left.
    Moved(ConnectionId),
    /// An operator disconnects a user.
    Disconnect(UserId),
    /// Say goodbye to everybody.
    Goodbye,
    /// Drop everybody, and end.
    End,
}

/// What was put in since the last look, in order.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) all: Vec<Note>,
    publications: usize,
    /// Topics of which publications were left out, with the newest offset. They are newer than
    /// everything in `all`.
    pub(super) missed: BTreeMap<TopicName, Offset>,
}

impl Notes {
    fn is_empty(&self) -> bool {
        self.all.is_empty() && self.missed.is_empty()
    }
}

pub(crate) struct Inbox {
    notes: Mutex<Notes>,
    sleeper: Sleeper,
    /// The topics that have readers on this shard.
    pub(crate) interest: Interest,
    /// How many connections the shard has, or is about to have.
    pub(crate) lines: AtomicUsize,
    /// What went through its sockets; pipes, which end in HTTP's, do not count.
    pub(crate) traffic: Traffic,
}

impl Inbox {
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        Ok(Self {
            notes: Mutex::default(),
            sleeper: Sleeper::new(registry, token)?,
            interest: Interest::default(),
            lines: AtomicUsize::new(0),
            traffic: Traffic::default(),
        })
    }

    fn with<R>(&self, reach: impl FnOnce(&mut Notes) -> R) -> R {
        reach(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn push(&self, note: Note) {
        self.with(|notes| notes.all.push(note));
        self.sleeper.wake();
    }

    /// Puts a publication in, if it has readers here. Call it in the order of offsets.
    pub(crate) fn publish(&self, published: &Arc<Published>) {
        if !self.interest.has(&published.topic) {
            return;
        }
        self.with(|notes| {
            if notes.publications < PUBLICATIONS_MAX {
                notes.publications += 1;
                notes.all.push(Note::Published(Arc::clone(published)));
            } else {
                let offset = published.publication.offset;
                notes.missed.insert(published.topic.clone(), offset);
            }
        });
        self.sleeper.wake();
    }

    /// Takes all that is there.
    pub(super) fn take(&self) -> Notes {
        self.with(std::mem::take)
    }

    /// The shard is about to sleep. False if it should look first.
    pub(super) fn fall_asleep(&self) -> bool {
        self.sleeper
            .fall_asleep(|| self.with(|notes| notes.is_empty()))
    }

    pub(super) fn wake_up(&self) {
        self.sleeper.wake_up();
    }
}
