//! The arena of a server: rooms in which people and bots play, ticked thirty times a second.
//!
//! The rules of the game are in `trunkline-arena`. `hall` has the rooms and who sits in them, `room`
//! one of them; neither knows a clock or a connection. `calls` answers players, `keeper` makes the
//! ticks and puts snapshots on the topics, `records` keeps matches that are over. While nobody plays,
//! there is no room, and nothing happens.

mod calls;
mod hall;
mod keeper;
mod records;
mod room;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use trunkline_arena::{Length, TICK_HZ};
use trunkline_protocol::{Error, ErrorCode};

use self::hall::{Hall, Rules};
use self::records::Records;
use crate::config::Config;
use crate::topics::Registry;

/// The arena of a server, or that there is none.
pub(crate) struct Arena {
    start: Instant,
    /// Reached by calls, for as long as it takes to note an input, and by the keeper for a tick of one
    /// room. Nothing else is locked meanwhile.
    hall: Mutex<Hall>,
    /// Rung when there is a room.
    bell: Notify,
    records: Option<Records>,
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena").finish_non_exhaustive()
    }
}

impl Arena {
    /// Opens the arena.
    ///
    /// # Errors
    ///
    /// For an operator: that the folder of the records cannot be made, or there is no randomness.
    pub(crate) fn open(config: &Config) -> anyhow::Result<Arc<Self>> {
        let records = config.arena_records.as_deref().map(Records::open);
        let records = records.transpose()?;
        let rules = Rules {
            rooms_max: config.arena_rooms,
            bots: config.arena_bots,
            length: Length::of_seconds(config.arena_match_seconds, config.arena_pause_seconds),
            records: records.is_some(),
        };
        let seed =
            getrandom::u64().map_err(|error| anyhow::anyhow!("cannot get randomness: {error}"))?;
        Ok(Arc::new(Self {
            start: Instant::now(),
            hall: Mutex::new(Hall::new(rules, seed)),
            bell: Notify::new(),
            records,
        }))
    }

    /// Adds the arena's topic and calls to a server's.
    pub(crate) fn join(self: &Arc<Self>, registry: Registry) -> Registry {
        calls::join(self, registry)
    }

    fn with<R>(&self, reach: impl FnOnce(&mut Hall) -> R) -> R {
        reach(&mut self.hall.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many ticks there were since the server started. A room begins with it, so that one that
    /// comes again under its name goes on with greater numbers.
    fn tick(&self) -> u32 {
        let ticks = self.start.elapsed().as_millis() * u128::from(TICK_HZ) / 1000;
        u32::try_from(ticks).unwrap_or(u32::MAX)
    }
}

/// A refusal that says that there is no arena.
fn off() -> Error {
    let detail = "this server has no arena: its operator can open it by --arena-rooms";
    Error::new(ErrorCode::Unavailable, detail)
}
