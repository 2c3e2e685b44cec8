//! The keeper: makes the ticks of all rooms when they are due, and puts the snapshots on their topics.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_arena::TICK_HZ;
use trunkline_hub::Append;
use trunkline_protocol::topics::arena::{Arena as ArenaTopic, ArenaEvent, ArenaRoom};
use trunkline_protocol::{Codec, List, Topic, UserId};

use super::Arena;
use super::room::Made;
use crate::node::Node;

/// A keeper that is later than this lets the ticks go that it has missed; else it makes up for them.
const LATE_MAX: Duration = Duration::from_millis(250);

impl Arena {
    /// Makes ticks while there are rooms, until the server's goodbye.
    pub(crate) async fn run(self: Arc<Self>, node: Arc<Node>) {
        let goodbye = node.goodbye.clone();
        // A tick is short, and nothing of a room outlives the process.
        let keep = async {
            loop {
                while self.with(|hall| hall.is_empty()) {
                    self.bell.notified().await;
                }
                self.keep(&node).await;
            }
        };
        tokio::select! {
            biased;
            () = goodbye.cancelled() => {}
            () = keep => {}
        }
    }

    /// Makes ticks until there are no rooms.
    async fn keep(&self, node: &Node) {
        let mut start = Instant::now();
        let mut made = 0;
        loop {
            // From the start, so that what a tick is late by does not add up.
            let due = start + Duration::from_nanos(made * 1_000_000_000 / u64::from(TICK_HZ));
            tokio::time::sleep_until(due).await;
            if due.elapsed() > LATE_MAX {
                tracing::warn!(late = ?due.elapsed(), "the arena was held up");
                (start, made) = (Instant::now(), 0);
            }
            if made.is_multiple_of(u64::from(TICK_HZ)) {
                self.look(node);
            }
            let names = self.with(|hall| hall.names());
            if names.is_empty() {
                return;
            }
            for name in names {
                if let Some(made) = self.with(|hall| hall.step(&name)) {
                    self.publish(node, &name, made).await;
                }
            }
            made += 1;
        }
    }

    /// Sees who is there. What the node is asked is not asked while the hall is held.
    fn look(&self, node: &Node) {
        for name in self.with(|hall| hall.names()) {
            let topic = ArenaTopic::name(&name);
            let mut people = self.with(|hall| hall.people(&name));
            people.retain(|user: &UserId| node.is_present(&topic, *user));
            let watched = node.has_readers(&topic);
            self.with(|hall| hall.look(&name, watched, &people));
        }
    }

    async fn publish(&self, node: &Node, name: &ArenaRoom, made: Made) {
        let Made {
            bytes,
            keyframe,
            record,
        } = made;
        let bytes = List::cut(bytes);
        let event = if keyframe {
            ArenaEvent::Keyframe { bytes }
        } else {
            ArenaEvent::Delta { bytes }
        };
        let Ok(event) = Codec::Bincode.payload(&event) else {
            return;
        };
        let append = Append {
            key: None,
            event,
            conflation_key: None,
            keyframe,
        };
        let topic = ArenaTopic::name(name);
        let published = node.broker().publish(&topic, ArenaTopic::DELIVERY, append);
        if let Err(error) = published.await {
            tracing::debug!(?error, %name, "a snapshot was not published");
        }
        if let (Some(records), Some(record)) = (&self.records, record) {
            records.keep(name, record);
        }
    }
}
