//! A storm: connections that open a conversation and end, one after the other, many at once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mio::{Events, Poll, Token};

use super::burst::Burst;
use super::connection::Connection;
use super::crowd::Target;
use super::language::Place;
use super::websocket::BUFFER_LEN;

/// How many open at once.
const AT_ONCE: usize = 64;

/// How long nothing may open.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens conversations in a room and ends them, until the time is over. A conversation that is
/// open counts as a delivery; its latency runs from when it was dialled.
pub(crate) fn storm(target: &Target, length: Duration) -> Result<Burst> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; BUFFER_LEN];
    let dial = |poll: &Poll, at: usize| -> Result<(Connection, Instant)> {
        let whom = (target.address, &target.language);
        let connection = Connection::dial(poll.registry(), Token(at), whom, Place::Room(0))?;
        Ok((connection, Instant::now()))
    };
    let mut found = Burst::new()?;
    let start = Instant::now();
    let mut connections = Vec::new();
    for at in 0..AT_ONCE {
        connections.push(Some(dial(&poll, at)?));
    }
    let (mut under_way, mut last) = (AT_ONCE, start);
    while under_way > 0 {
        poll.poll(&mut events, Some(PATIENCE / 10))?;
        for event in &events {
            let at = event.token().0;
            let Some((connection, dialled)) = &mut connections[at] else {
                continue;
            };
            connection.flush()?;
            let received = connection.receive(&mut buffer, &target.language, |_| {});
            found.reads += received.context("a conversation does not open")?;
            if !connection.is_open() {
                continue;
            }
            last = Instant::now();
            found.deliveries += 1;
            let waited = last.duration_since(*dialled).as_nanos();
            found
                .latency
                .saturating_record(u64::try_from(waited).unwrap_or(u64::MAX));
            if let Some((connection, _)) = connections[at].take() {
                connection.end()?;
            }
            if last.duration_since(start) < length {
                connections[at] = Some(dial(&poll, at)?);
            } else {
                under_way -= 1;
            }
        }
        ensure!(last.elapsed() < PATIENCE, "nothing opens any more");
    }
    found.publishes = found.deliveries;
    found.seconds = start.elapsed().as_secs_f64();
    Ok(found)
}
