//! Runs a race from the page's side: asks for it, opens the lanes, and puts together what came out.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use trunkline_client::{CallError, Client};
use trunkline_protocol::topics::lab::{
    LabAsked, Lane, LaneReport, ListLanes, Race, RaceId, RaceReport, ReportRace, StartRace,
    TellTime,
};
use trunkline_protocol::{Codec, ErrorCode, Offset};
use trunkline_web_model::lab::{LaneOutcome, RaceOutcome, RaceSettings, RemoteClock};

use super::entrant::Entrant;
use super::{Phase, RaceState, over_http, over_socket};
use crate::account;
use crate::browser::clock::now_us;
use crate::realtime::Task;

/// Questions for the server's clock before a race.
const PROBES: usize = 12;

/// How long the last ticks may take, in milliseconds.
const LAST_MS: i64 = 700;

/// How often a race looks at itself, in milliseconds.
const LOOK_MS: u32 = 250;

/// Why there is no race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The operator has opened no lanes.
    NoLanes,
    /// Somebody else's goes on for so many seconds.
    Busy(u32),
    /// The server cannot be asked now.
    Offline,
    /// It refused, with this code.
    Refused(ErrorCode),
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(error) => match (error.code, error.retry_after_ms) {
                (ErrorCode::Unavailable, Some(ms)) => Self::Busy(ms.div_ceil(1000)),
                (code, _) => Self::Refused(code),
            },
            CallError::Unreadable(_) => Self::Refused(ErrorCode::ContractMismatch),
            CallError::Ended => Self::Offline,
        }
    }
}

/// Runs a race, and tells of it in `state`.
pub(super) async fn run(state: RaceState, client: Client, settings: RaceSettings) {
    state.phase.set(Phase::Preparing);
    state.outcome.set(None);
    match race(state, &client, settings).await {
        Ok(outcome) => {
            state.outcome.set(Some(outcome));
            state.phase.set(Phase::Over);
        }
        Err(problem) => state.phase.set(Phase::Failed(problem)),
    }
}

async fn race(
    state: RaceState,
    client: &Client,
    settings: RaceSettings,
) -> Result<RaceOutcome, Problem> {
    let lanes = client.call::<ListLanes>(&LabAsked {}).await?.lanes;
    if lanes.is_empty() {
        return Err(Problem::NoLanes);
    }
    let host = window().location().hostname().unwrap_or_default();
    let token = account::fetch_token().await.map_err(|_| Problem::Offline)?;
    let clock = Rc::new(RefCell::new(RemoteClock::default()));
    for _ in 0..PROBES {
        ask_time(client, &clock).await?;
    }
    let mut heads = Vec::new();
    for at in &*lanes {
        let place = format!("{host}:{}", at.port);
        let over_http = !matches!(at.lane, Lane::Socket | Lane::SocketJson);
        let head = match over_http {
            true => over_http::warm_up(&place).await,
            false => None,
        };
        heads.push((at.lane, place, head));
    }
    let race = client.call::<StartRace>(&settings.wish()).await?;
    let entrant = |(lane, place, head): (Lane, String, Option<Offset>)| {
        let token = token.token.clone();
        let entrant = Entrant::new((lane, place), token, settings.poll_ms, race, &clock);
        (entrant, head)
    };
    let entrants: Vec<_> = heads.into_iter().map(entrant).collect();
    state.entrants.set_value(
        entrants
            .iter()
            .map(|(entrant, _)| entrant.clone())
            .collect(),
    );
    let tasks: Vec<_> = entrants.into_iter().map(open).collect();
    state.phase.set(Phase::Running);
    let (report, hidden) = watch(state, client, race, &clock).await?;
    drop(tasks);
    let error_us = clock.borrow().error_us();
    Ok(RaceOutcome::of(
        settings,
        error_us,
        outcomes(state, &report),
        hidden,
    ))
}

/// Opens a lane.
fn open((entrant, head): (Entrant, Option<Offset>)) -> Task {
    match entrant.lane {
        Lane::Poll => Task::spawn(over_http::poll(entrant, head.unwrap_or(0))),
        Lane::LongPoll => Task::spawn(over_http::long_poll(entrant)),
        Lane::Events => Task::spawn(over_http::events(entrant)),
        Lane::Stream => Task::spawn(over_http::stream(entrant)),
        Lane::SocketJson => Task::spawn(over_socket::socket(entrant, Codec::Json)),
        Lane::Socket => Task::spawn(over_socket::socket(entrant, Codec::Bincode)),
    }
}

/// Looks at the race until it is over. Its last report, and whether the page was hidden meanwhile.
async fn watch(
    state: RaceState,
    client: &Client,
    race: Race,
    clock: &Rc<RefCell<RemoteClock>>,
) -> Result<(RaceReport, bool), Problem> {
    let entrant = state
        .entrants
        .with_value(|entrants| entrants.first().cloned());
    let Some(entrant) = entrant else {
        return Err(Problem::NoLanes);
    };
    let mut hidden = false;
    loop {
        TimeoutFuture::new(LOOK_MS).await;
        hidden |= document().hidden();
        ask_time(client, clock).await?;
        let report = client.call::<ReportRace>(&RaceId { id: race.id }).await?;
        let now_us = entrant.race_us().clamp(0, entrant.length_us());
        state.entrants.with_value(|entrants| {
            for entrant in entrants {
                entrant.with(|told| told.arrivals.grow_old(now_us));
            }
        });
        state.so_far.set(outcomes(state, &report));
        let ends_us = entrant.length_us() + LAST_MS * 1000;
        let polls = state.entrants.with_value(|entrants| {
            let polled = |it: &Entrant| it.is_done() || it.with(|told| told.trouble.is_some());
            entrants
                .iter()
                .filter(|it| it.lane == Lane::Poll)
                .all(polled)
        });
        let late_us = entrant.race_us() - ends_us;
        // The last poll may take a little longer; nobody waits for ever.
        if (late_us > 0 && polls) || late_us > 5_000_000 {
            return Ok((report, hidden));
        }
    }
}

/// What the lanes have come to, in their order.
fn outcomes(state: RaceState, report: &RaceReport) -> Vec<LaneOutcome> {
    state.entrants.with_value(|entrants| {
        let of = |report: &LaneReport| {
            let entrant = entrants.iter().find(|it| it.lane == report.lane)?;
            Some(entrant.with(|told| LaneOutcome::of(report, &told.arrivals, told.requests)))
        };
        report.lanes.iter().filter_map(of).collect()
    })
}

async fn ask_time(client: &Client, clock: &Rc<RefCell<RemoteClock>>) -> Result<(), Problem> {
    let sent_us = now_us();
    let there = client.call::<TellTime>(&LabAsked {}).await?;
    clock.borrow_mut().note(sent_us, there.now_us, now_us());
    Ok(())
}
