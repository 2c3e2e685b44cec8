//! Shards: one loop per core, each a thread that owns its connections, its hub and its outboxes.
//!
//! Nothing of a shard is shared but its [`Inbox`]. A turn of the loop reads what is readable, lets
//! the sessions decide, fans out what was published meanwhile in one batch per topic, and writes
//! each connection's bytes in one system call. Start with `event_loop`; `line` is one connection,
//! `talk` and `conversation` what is said on it, and `jobs` the handlers that run for it.

mod door;
mod event_loop;
mod line;
mod talk;
mod conversation;
mod turns;
mod subscribing;
mod jobs;
mod inbox;
mod interest;
mod timers;
mod socket;
mod pipe;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use anyhow::Context;
use mio::Poll;

use crate::node::Node;
pub(crate) use door::Knock;
pub(crate) use event_loop::INBOX;
pub(crate) use inbox::{Inbox, Note, Published};
pub(crate) use jobs::guarded;
pub(crate) use line::{Arrival, Role};
pub(crate) use pipe::{PipeReader, pipe};
pub(crate) use socket::Socket;

/// What a shard is made of before there is a node.
pub(crate) struct Seed {
    poll: Poll,
    inbox: Arc<Inbox>,
}

/// Prepares `count` shards.
///
/// # Errors
///
/// For an operator, if the system has no room for their queues.
pub(crate) fn sow(count: usize) -> anyhow::Result<Vec<Seed>> {
    let seed = || -> std::io::Result<Seed> {
        let poll = Poll::new()?;
        let inbox = Arc::new(Inbox::new(poll.registry(), INBOX)?);
        Ok(Seed { poll, inbox })
    };
    let seeds = (0..count).map(|_| seed()).collect::<Result<_, _>>();
    seeds.context("cannot prepare to poll sockets")
}

impl Seed {
    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }
}

/// The running shards of a node. They end when this is dropped, with whatever they hold.
#[derive(Debug)]
pub(crate) struct Shards {
    node: Arc<Node>,
    threads: Vec<JoinHandle<()>>,
}

impl Shards {
    /// Starts the threads, whose names begin with `name`. Inside the runtime that carries jobs.
    ///
    /// # Errors
    ///
    /// For an operator, if the system has no room for a thread.
    pub(crate) fn start(node: &Arc<Node>, seeds: Vec<Seed>, name: &str) -> anyhow::Result<Self> {
        let mut shards = Self {
            node: Arc::clone(node),
            threads: Vec::new(),
        };
        for (number, seed) in seeds.into_iter().enumerate() {
            let shard = event_loop::Shard::new(Arc::clone(node), seed.poll, seed.inbox);
            let runtime = tokio::runtime::Handle::current();
            let thread = thread::Builder::new().name(format!("{name}-{number}"));
            let run = move || {
                let _context = runtime.enter();
                shard.run();
            };
            shards
                .threads
                .push(thread.spawn(run).context("cannot start a thread")?);
        }
        Ok(shards)
    }
}

impl Drop for Shards {
    fn drop(&mut self) {
        for inbox in self.node.shards() {
            inbox.push(Note::End);
        }
        for thread in self.threads.drain(..) {
            // A panic was told by its hook.
            let _ = thread.join();
        }
    }
}

/// The shard with the fewest connections.
pub(crate) fn emptiest(shards: &[Arc<Inbox>]) -> &Arc<Inbox> {
    let lines = |inbox: &&Arc<Inbox>| inbox.lines.load(Ordering::Relaxed);
    shards.iter().min_by_key(lines).expect("a node has a shard")
}
