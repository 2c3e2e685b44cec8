//! Samples of what is broadcast, and of what is asked for beside it.

use super::*;
use crate::topics::live::{
    BeginLive, CountLive, ListLive, Live, LiveAsked, LiveAudience, LiveCrowd, LiveEnd, LiveEvent,
    LiveForm, LiveKind, LiveNamed, LiveReport, LiveRoomInfo, LiveRooms, LiveSeat, LiveSource,
    LiveWish, ReportLive,
};

/// The contracts as they travel.
pub(in super::super) fn contracts() -> [(&'static str, u32); 5] {
    [
        ("live", Live::contract().0),
        (BeginLive::METHOD, BeginLive::contract().0),
        (ListLive::METHOD, ListLive::contract().0),
        (ReportLive::METHOD, ReportLive::contract().0),
        (CountLive::METHOD, CountLive::contract().0),
    ]
}

fn part(number: u32, kind: LiveKind, last: bool, bytes: &[u8]) -> LiveEvent {
    LiveEvent::Part {
        run: 3,
        number,
        kind,
        last,
        at_us: 33_333,
        bytes: list(bytes.to_vec()),
    }
}

fn ended(reason: LiveEnd) -> LiveEvent {
    LiveEvent::Ended { reason }
}

pub(in super::super) fn events() -> Vec<Sample<LiveEvent>> {
    let frames = LiveEvent::Run {
        run: 3,
        form: LiveForm::Frames,
        video: text("vp8"),
        audio: text("opus"),
        width: 1280,
        height: 720,
        rate: 48_000,
        channels: 2,
        init: list(Vec::new()),
        began_us: 61_000_250,
    };
    let container = LiveEvent::Run {
        run: u32::MAX,
        form: LiveForm::Container,
        video: text("video/webm;codecs=vp8,opus"),
        audio: text(""),
        width: 0,
        height: 0,
        rate: 0,
        channels: 0,
        init: list(vec![0x1a, 0x45, 0xdf, 0xa3]),
        began_us: (1 << 53) - 1,
    };
    vec![
        sample("live.event.run", frames),
        sample("live.event.run.container", container),
        sample("live.event.part", part(0, LiveKind::Key, false, &[1, 255])),
        sample(
            "live.event.part.last",
            part(300, LiveKind::Delta, true, &[0]),
        ),
        sample(
            "live.event.part.audio",
            part(301, LiveKind::Audio, true, &[]),
        ),
        sample(
            "live.event.part.container",
            part(302, LiveKind::Container, true, &[7]),
        ),
        sample("live.event.ended", ended(LiveEnd::Done)),
        sample("live.event.ended.lost", ended(LiveEnd::Lost)),
        sample("live.event.ended.time_over", ended(LiveEnd::TimeOver)),
        sample("live.event.ended.too_fast", ended(LiveEnd::TooFast)),
    ]
}

pub(in super::super) fn wishes() -> Vec<Sample<LiveWish>> {
    let wish = |source| LiveWish {
        room: text("studio"),
        title: text("Evening show"),
        source,
        bitrate: 2_500_000,
    };
    vec![
        sample("live.begin.request", wish(LiveSource::Camera)),
        sample("live.begin.request.screen", wish(LiveSource::Screen)),
        sample("live.begin.request.sound", wish(LiveSource::Microphone)),
    ]
}

pub(in super::super) fn seats() -> Vec<Sample<LiveSeat>> {
    let seat = LiveSeat {
        run: 1,
        bitrate: 2_500_000,
        seconds_left: 14_400,
        silence_max_ms: 10_000,
    };
    vec![sample("live.begin.response", seat)]
}

pub(in super::super) fn asked() -> Vec<Sample<LiveAsked>> {
    vec![sample("live.rooms.request", LiveAsked {})]
}

pub(in super::super) fn rooms() -> Vec<Sample<LiveRooms>> {
    let info = |form, video| LiveRoomInfo {
        room: text("studio"),
        title: text("Evening show"),
        broadcaster: mina(),
        source: LiveSource::Camera,
        since: NEW_YEAR,
        viewers: 12,
        bitrate: 2_431_000,
        form,
        video: text(video),
    };
    let both = vec![info(Some(LiveForm::Frames), "vp8"), info(None, "")];
    vec![
        sample("live.rooms.response", LiveRooms { rooms: list(both) }),
        sample("live.rooms.response.none", LiveRooms::default()),
    ]
}

pub(in super::super) fn reports() -> Vec<Sample<LiveReport>> {
    let report = |latency_ms| LiveReport {
        room: text("studio"),
        latency_ms,
        skipped: 62,
        dropped: 1,
    };
    vec![
        sample("live.report.request", report(Some(180))),
        sample("live.report.request.unknown", report(None)),
    ]
}

pub(in super::super) fn crowds() -> Vec<Sample<LiveCrowd>> {
    let crowd = LiveCrowd {
        viewers: 12,
        bitrate: 2_431_000,
    };
    vec![sample("live.report.response", crowd)]
}

pub(in super::super) fn named() -> Vec<Sample<LiveNamed>> {
    let room = text("studio");
    vec![sample("live.audience.request", LiveNamed { room })]
}

pub(in super::super) fn audiences() -> Vec<Sample<LiveAudience>> {
    let audience = |latency_ms| LiveAudience {
        viewers: 12,
        slow: 2,
        latency_ms,
        skipped: 310,
        bitrate: 2_431_000,
        seconds_left: 13_000,
    };
    vec![
        sample("live.audience.response", audience(Some(180))),
        sample("live.audience.response.unknown", audience(None)),
    ]
}
