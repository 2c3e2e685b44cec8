//! The lab: measures ways to carry a feed, beside each other and apart from everything else.
//!
//! Each lane of a race is a little server with a listener, a thread for HTTP and a shard of its own,
//! so that its bytes and its processor time are nobody else's. The lanes carry one topic, which is
//! kept in memory; they know nothing of the server's other topics. `race` has the rules, `lane` what
//! runs, `witness` shows a handshake byte by byte.

mod calls;
mod cpu;
mod lane;
mod race;
mod witness;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use mio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use trunkline_protocol::topics::lab::{
    Handshake, Lane, LaneAt, LaneReport, Lanes, Race, RaceReport, RaceWish,
};
use trunkline_protocol::{Error, ErrorCode, List, UserId};

use self::lane::Running;
use self::race::Course;
use self::witness::Witness;
use crate::accept;
use crate::auth::Guests;
use crate::config::{Config, LabPorts};
use crate::topics::Registry;

/// How long there is to connect before the first tick is due.
const LEAD: Duration = Duration::from_millis(1500);

/// The lab of a server.
pub(crate) struct Lab {
    /// When its clock began.
    start: Instant,
    config: Arc<Config>,
    guests: Arc<Guests>,
    goodbye: CancellationToken,
    ports: Vec<u16>,
    /// Until the lanes run.
    listeners: Mutex<Vec<TcpListener>>,
    running: OnceLock<Vec<Running>>,
    course: Mutex<Course>,
    witness: Witness,
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab").finish_non_exhaustive()
    }
}

impl Lab {
    /// Takes the ports, if the operator lets it. Inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// For an operator: which port cannot be had.
    pub(crate) fn bind(
        config: &Config,
        guests: &Arc<Guests>,
        goodbye: &CancellationToken,
    ) -> anyhow::Result<Arc<Self>> {
        let listeners = listeners(config)?;
        let ports = listeners.iter().map(|it| Ok(it.local_addr()?.port()));
        let ports = ports.collect::<std::io::Result<Vec<u16>>>()?;
        let mut lanes = listeners;
        let witness = Witness::new(lanes.pop());
        Ok(Arc::new(Self {
            start: Instant::now(),
            config: Arc::new(config.clone()),
            guests: Arc::clone(guests),
            goodbye: goodbye.clone(),
            ports,
            listeners: Mutex::new(lanes),
            running: OnceLock::new(),
            course: Mutex::new(Course::default()),
            witness,
        }))
    }

    /// Adds the lab's topic and calls to a server's.
    pub(crate) fn join(self: &Arc<Self>, registry: Registry) -> Registry {
        calls::join(self, registry)
    }

    /// The ports that pages of this server talk to beside the server's own.
    pub(crate) fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Lets the witness hand connections on to the server.
    pub(crate) fn serve(&self, server: SocketAddr) {
        self.witness.serve(server, &self.goodbye);
    }

    /// Where the lanes are. They run from the first time on that somebody wants to know.
    fn lanes(&self) -> Lanes {
        let lane_at = |(lane, port): (Lane, &u16)| LaneAt { lane, port: *port };
        let running = self.running();
        let at = Lane::ALL.into_iter().zip(&self.ports).map(lane_at);
        Lanes {
            lanes: List::cut(at.take(running.len())),
            witness: self.ports.last().copied(),
        }
    }

    fn running(&self) -> &[Running] {
        self.running.get_or_init(|| {
            let listeners = std::mem::take(
                &mut *self
                    .listeners
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner),
            );
            let lanes = Lane::ALL.into_iter().zip(listeners);
            let start = |(lane, listener)| {
                let started = Running::start(
                    lane,
                    listener,
                    &self.config,
                    &self.guests,
                    self.goodbye.clone(),
                );
                started.map_err(|error| tracing::error!(%error, lane = lane.name(), "no lane"))
            };
            // All or none: a race without one of them would compare nothing.
            lanes
                .map(start)
                .collect::<Result<_, ()>>()
                .unwrap_or_default()
        })
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn with_course<R>(&self, reach: impl FnOnce(&mut Course) -> R) -> R {
        reach(&mut self.course.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a race.
    fn race(&self, user: UserId, wish: RaceWish) -> Result<Race, Error> {
        let lanes = self.running();
        if lanes.is_empty() {
            let detail = "this server has no lanes: its operator can open them by --lab";
            return Err(Error::new(ErrorCode::Unavailable, detail));
        }
        let now_us = self.now_us();
        let begins_us = now_us + LEAD.as_micros() as u64;
        let race = self.with_course(|course| {
            let before = lanes.iter().map(Running::taken).collect();
            course.begin(user, wish, (now_us, begins_us), before)
        })?;
        let begins = self.start + Duration::from_micros(begins_us);
        for lane in lanes {
            lane.feed(race, usize::from(wish.filler_len), begins);
        }
        Ok(race)
    }

    /// What a race has taken so far.
    fn report(&self, user: UserId, id: u32) -> Result<RaceReport, Error> {
        let lanes = self.running();
        self.with_course(|course| {
            let before = course.before(user, id)?;
            let reports = lanes.iter().zip(before).map(|(lane, before)| {
                let taken = lane.taken().since(before);
                LaneReport {
                    lane: lane.lane,
                    published: lane.published(id),
                    received: taken.received,
                    sent: taken.sent,
                    cpu_us: taken.cpu.map(|it| it.as_micros() as u64),
                }
            });
            Ok(RaceReport {
                lanes: List::cut(reports),
            })
        })
    }

    fn handshake(&self, nonce: u64) -> Result<Handshake, Error> {
        self.witness.seen(nonce).ok_or_else(|| {
            let detail = "no connection with this nonce went by the witness of late";
            Error::new(ErrorCode::NotKept, detail)
        })
    }
}

/// A listener for each lane and one for the witness, or none.
fn listeners(config: &Config) -> anyhow::Result<Vec<TcpListener>> {
    let listen = config.listen.0;
    let local = listen.ip().is_loopback() && !config.behind_tls;
    let first = match config.lab {
        LabPorts::Auto if local => 0,
        LabPorts::Auto | LabPorts::Off => return Ok(Vec::new()),
        LabPorts::From(port) => port.get(),
    };
    let count = u16::try_from(Lane::ALL.len() + 1).expect("few lanes");
    let port = |index: u16| match first {
        0 => Some(0),
        first => first.checked_add(index),
    };
    let listener = |index| {
        let port = port(index).context("--lab: there are no ports above 65535")?;
        let address = SocketAddr::new(listen.ip(), port);
        let hint = "choose others by --lab PORT, or --lab off";
        accept::listen(address)
            .with_context(|| format!("cannot listen on {address} for the lab; {hint}"))
    };
    (0..count).map(listener).collect()
}
