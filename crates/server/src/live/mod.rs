//! Live: who broadcasts, and what of it is taken.
//!
//! The words are in the protocol's `live.rs`. `rooms` has the seats and their limits, `run` what may
//! follow what, `allowance` how much may come, `audience` what viewers report; none of them reads a
//! clock. Here is who asks them: `calls` answers pages, and a task ends what has fallen silent.

mod allowance;
mod audience;
mod calls;
mod rooms;
mod run;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use trunkline_hub::Append;
use trunkline_protocol::topics::live::{Live, LiveEnd, LiveEvent, LiveRoom};
use trunkline_protocol::{Codec, Moment, Topic as _};
use trunkline_session::was_away;

use self::rooms::Rooms;
use crate::clock::Clock;
use crate::config::{Broadcasters, Config};
use crate::node::Node;
use crate::topics::Registry;

/// How often it is looked for what has fallen silent.
const EVERY: Duration = Duration::from_millis(250);

/// The broadcasts of a server.
pub(crate) struct Studio {
    clock: Clock,
    broadcasters: Broadcasters,
    rooms: Mutex<Rooms>,
}

impl fmt::Debug for Studio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Studio").finish_non_exhaustive()
    }
}

impl Studio {
    pub(crate) fn new(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            clock: Clock::start(),
            broadcasters: config.broadcasters.clone(),
            rooms: Mutex::new(Rooms::new(config.live)),
        })
    }

    /// Adds the topic and the calls of broadcasts to a server's.
    pub(crate) fn join(self: &Arc<Self>, registry: Registry) -> Registry {
        calls::join(self, registry)
    }

    /// Reaches the rooms, at this time. Nothing awaits meanwhile, and no other lock is taken.
    pub(crate) fn with_rooms<R>(&self, reach: impl FnOnce(&mut Rooms, Moment) -> R) -> R {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        reach(&mut rooms, self.clock.now())
    }

    /// Ends broadcasts that are silent, or have lasted long enough, until the server's goodbye.
    pub(crate) async fn run(self: Arc<Self>, node: Arc<Node>) {
        let goodbye = node.goodbye.clone();
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // A tick is cancel safe. What is told under way is short.
            let due = tokio::select! {
                biased;
                () = goodbye.cancelled() => return,
                due = ticks.tick() => due,
            };
            if was_away(due.elapsed()) {
                self.with_rooms(Rooms::handle_absence);
            }
            for (room, reason) in self.with_rooms(Rooms::handle_timeout) {
                tell_end(&node, &room, reason).await;
            }
        }
    }
}

/// Tells the viewers of a room that its broadcast is over.
async fn tell_end(node: &Node, room: &LiveRoom, reason: LiveEnd) {
    tracing::debug!(%room, ?reason, "a broadcast is over");
    let event = LiveEvent::Ended { reason };
    let keyframe = Live::is_keyframe(&event);
    let Ok(event) = Codec::Bincode.payload(&event) else {
        return;
    };
    let append = Append {
        key: None,
        event,
        conflation_key: None,
        keyframe,
    };
    let topic = Live::name(room);
    if let Err(error) = node.broker().publish(&topic, Live::DELIVERY, append).await {
        tracing::warn!(?error, %room, "the end of a broadcast cannot be told");
    }
}
