//! A storm: connections that open a conversation and end, one after the other, many at once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mio::{Events, Poll, Token};

use super::connection::{BUFFER_LEN, Connection};
use super::crowd::Target;
use super::language::Place;

/// How many open at once.
const AT_ONCE: usize = 64;

/// How long nothing may open.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a storm found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storm {
    /// How many conversations were opened.
    pub(crate) opened: u64,
    pub(crate) seconds: f64,
}

/// Opens conversations in a room and ends them, until the time is over.
pub(crate) fn storm(target: &Target, length: Duration) -> Result<Storm> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; BUFFER_LEN];
    let dial = |poll: &Poll, at: usize| {
        let (address, language) = (target.address, &target.language);
        Connection::dial(
            poll.registry(),
            Token(at),
            (address, language),
            Place::Room(0),
        )
    };
    let start = Instant::now();
    let mut connections = Vec::new();
    for at in 0..AT_ONCE {
        connections.push(Some(dial(&poll, at)?));
    }
    let (mut opened, mut under_way, mut last) = (0, AT_ONCE, start);
    while under_way > 0 {
        poll.poll(&mut events, Some(PATIENCE / 10))?;
        for event in &events {
            let at = event.token().0;
            let Some(connection) = &mut connections[at] else {
                continue;
            };
            connection.flush()?;
            let received = connection.receive(&mut buffer, &target.language, |_| {});
            received.context("a conversation does not open")?;
            if !connection.is_open() {
                continue;
            }
            opened += 1;
            last = Instant::now();
            if let Some(connection) = connections[at].take() {
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
    Ok(Storm {
        opened,
        seconds: start.elapsed().as_secs_f64(),
    })
}
