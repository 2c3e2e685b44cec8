//! Samples of what is said in the lab.

use super::*;
use crate::topics::lab::{
    Echo, EchoText, Handshake, Lab, LabAsked, Lane, LaneAt, LaneReport, Lanes, ListLanes, Nonce,
    Race, RaceId, RaceReport, RaceWish, ReportRace, ServerTime, ShowHandshake, StartRace, TellTime,
    Tick,
};

/// The contracts as they travel.
pub(in super::super) fn contracts() -> [(&'static str, u32); 7] {
    [
        ("lab", Lab::contract().0),
        (Echo::METHOD, Echo::contract().0),
        (TellTime::METHOD, TellTime::contract().0),
        (ListLanes::METHOD, ListLanes::contract().0),
        (StartRace::METHOD, StartRace::contract().0),
        (ReportRace::METHOD, ReportRace::contract().0),
        (ShowHandshake::METHOD, ShowHandshake::contract().0),
    ]
}

pub(in super::super) fn echo_texts() -> Vec<Sample<EchoText>> {
    let text = text("hello");
    vec![sample("lab.echo.text", EchoText { text })]
}

pub(in super::super) fn ticks() -> Vec<Sample<Tick>> {
    let tick = |number, at_us, filler| Tick {
        number,
        at_us,
        filler: text(filler),
    };
    vec![
        sample("lab.tick", tick(12, 1_100_000, "abcdefgh")),
        sample("lab.tick.bare", tick(u32::MAX, (1 << 53) - 1, "")),
    ]
}

pub(in super::super) fn asked(name: &'static str) -> Vec<Sample<LabAsked>> {
    vec![sample(name, LabAsked {})]
}

pub(in super::super) fn times() -> Vec<Sample<ServerTime>> {
    let now_us = 61_000_250;
    vec![sample("lab.clock.response", ServerTime { now_us })]
}

pub(in super::super) fn lanes() -> Vec<Sample<Lanes>> {
    let at = |(lane, port)| LaneAt { lane, port };
    let lanes = Lane::ALL.into_iter().zip(9001..).map(at);
    let all = Lanes {
        lanes: list(lanes.collect()),
        witness: Some(9007),
    };
    vec![
        sample("lab.lanes.response", all),
        sample("lab.lanes.response.none", Lanes::default()),
    ]
}

pub(in super::super) fn race_wishes() -> Vec<Sample<RaceWish>> {
    let wish = RaceWish {
        rate: 10,
        filler_len: 100,
        seconds: 15,
    };
    vec![sample("lab.race.request", wish)]
}

pub(in super::super) fn races() -> Vec<Sample<Race>> {
    let race = Race {
        id: 3,
        begins_us: 62_500_250,
        period_us: 100_000,
        ticks: 150,
    };
    vec![sample("lab.race.response", race)]
}

pub(in super::super) fn race_ids() -> Vec<Sample<RaceId>> {
    vec![sample("lab.report.request", RaceId { id: 3 })]
}

pub(in super::super) fn race_reports() -> Vec<Sample<RaceReport>> {
    let report = |lane, cpu_us| LaneReport {
        lane,
        published: 150,
        received: 812,
        sent: 18_250,
        cpu_us,
    };
    let both = vec![report(Lane::Poll, None), report(Lane::Socket, Some(31_200))];
    let lanes = list(both);
    vec![sample("lab.report.response", RaceReport { lanes })]
}

pub(in super::super) fn nonces() -> Vec<Sample<Nonce>> {
    let nonce = (1 << 53) - 1;
    vec![sample("lab.handshake.request", Nonce { nonce })]
}

pub(in super::super) fn handshakes() -> Vec<Sample<Handshake>> {
    let handshake = Handshake {
        request: list(b"GET /ws HTTP/1.1\r\n\r\n".to_vec()),
        response: list(b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec()),
        up: list(vec![0x82, 0x81, 1, 2, 3, 4, 5]),
        down: list(Vec::new()),
    };
    vec![sample("lab.handshake.response", handshake)]
}
