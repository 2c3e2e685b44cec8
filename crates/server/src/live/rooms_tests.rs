//! Tests of rooms: seats, what is taken, and how broadcasts end.

use trunkline_protocol::List;
use trunkline_protocol::topics::live::{LIVE_PART_LEN_MAX, LiveKind};

use super::*;

const LIMITS: LiveLimits = LiveLimits {
    rooms_max: 3,
    bitrate_max: 4_000_000,
    life_max: Duration::from_secs(60),
    silence_max: Duration::from_secs(10),
};

fn user(id: u64) -> User {
    User {
        id: UserId(id),
        name: Text::cut(&format!("user {id}")),
    }
}

fn at(ms: u64) -> Moment {
    Moment::from_ms(1_000_000 + ms)
}

fn room(name: &str) -> LiveRoom {
    name.parse().expect("a good name")
}

fn wish(name: &str) -> Wish {
    Wish {
        room: room(name),
        title: Text::cut("Evening show"),
        source: LiveSource::Camera,
        bitrate: 2_000_000,
        at: Timestamp(7),
    }
}

fn run(number: u32) -> LiveEvent {
    LiveEvent::Run {
        run: number,
        form: LiveForm::Frames,
        video: Text::cut("vp8"),
        audio: Text::cut(""),
        width: 640,
        height: 360,
        rate: 0,
        channels: 0,
        init: List::default(),
        began_us: 0,
    }
}

fn part(run: u32, number: u32, len: usize) -> LiveEvent {
    LiveEvent::Part {
        run,
        number,
        kind: LiveKind::Key,
        last: true,
        at_us: number,
        bytes: List::cut(vec![7; len]),
    }
}

fn refused(result: Result<impl std::fmt::Debug, Error>) -> ErrorCode {
    result.expect_err("refused").code
}

/// Rooms in which user 1 broadcasts in `studio`, in run 1.
fn studio() -> Rooms {
    let mut rooms = Rooms::new(LIMITS);
    let seat = rooms.begin(at(0), &user(1), wish("studio"));
    assert_eq!(
        seat,
        Ok(LiveSeat {
            run: 1,
            bitrate: 2_000_000,
            seconds_left: 60,
            silence_max_ms: 10_000,
        })
    );
    take(&mut rooms, 0, &run(1)).expect("a run");
    rooms
}

fn take(rooms: &mut Rooms, ms: u64, event: &LiveEvent) -> Result<(), Error> {
    rooms.take(at(ms), UserId(1), &room("studio"), event)
}

#[test]
fn a_room_has_one_broadcaster() {
    let mut rooms = studio();
    let other = rooms.begin(at(1), &user(2), wish("studio"));
    assert_eq!(refused(other), ErrorCode::Forbidden);
    let name = room("studio");
    for event in [part(1, 0, 1), ended(LiveEnd::Done)] {
        let other = rooms.take(at(1), UserId(2), &name, &event);
        assert_eq!(refused(other), ErrorCode::Forbidden);
    }
    let nowhere = rooms.take(at(1), UserId(1), &room("elsewhere"), &run(1));
    assert_eq!(refused(nowhere), ErrorCode::Forbidden);
    assert_eq!(take(&mut rooms, 1, &part(1, 0, 1)), Ok(()));
}

fn ended(reason: LiveEnd) -> LiveEvent {
    LiveEvent::Ended { reason }
}

#[test]
fn there_are_so_many_broadcasts_and_no_more() {
    let mut rooms = studio();
    assert!(rooms.begin(at(0), &user(1), wish("second")).is_ok());
    let third = rooms.begin(at(0), &user(1), wish("third"));
    assert_eq!(refused(third), ErrorCode::Unavailable, "of one user");
    assert!(rooms.begin(at(0), &user(2), wish("third")).is_ok());
    let fourth = rooms.begin(at(0), &user(3), wish("fourth"));
    assert_eq!(refused(fourth), ErrorCode::Unavailable, "of all");
    assert!(take(&mut rooms, 1, &ended(LiveEnd::Done)).is_ok());
    assert!(rooms.begin(at(1), &user(3), wish("fourth")).is_ok());
}

#[test]
fn a_bitrate_is_what_the_server_allows_at_most() {
    let mut rooms = Rooms::new(LIMITS);
    let mut asked = |bitrate| {
        let wish = Wish {
            bitrate,
            ..wish("studio")
        };
        rooms.begin(at(0), &user(1), wish).map(|seat| seat.bitrate)
    };
    assert_eq!(asked(9_000_000), Ok(4_000_000));
    assert_eq!(asked(1_000_000), Ok(1_000_000));
    assert_eq!(refused(asked(0)), ErrorCode::Invalid);
}

#[test]
fn who_comes_back_goes_on_and_what_was_under_way_does_not_count() {
    let mut rooms = studio();
    take(&mut rooms, 0, &part(1, 0, 1)).expect("a part");
    let seat = rooms.begin(at(5_000), &user(1), wish("studio"));
    assert_eq!(seat.map(|seat| seat.run), Ok(1_001));
    for late in [part(1, 1, 1), run(2)] {
        assert_eq!(refused(take(&mut rooms, 5_000, &late)), ErrorCode::Invalid);
    }
    assert_eq!(take(&mut rooms, 5_001, &run(1_001)), Ok(()));
    assert_eq!(take(&mut rooms, 5_001, &part(1_001, 0, 1)), Ok(()));
    assert_eq!(rooms.handle_timeout(at(14_999)), []);
}

#[test]
fn a_suspension_of_the_server_ends_no_broadcast() {
    let mut rooms = studio();
    rooms.handle_absence(at(27_000));
    assert_eq!(rooms.handle_timeout(at(27_000)), []);
    assert_eq!(rooms.handle_timeout(at(36_999)), []);
    let lost = [(room("studio"), LiveEnd::Lost)];
    assert_eq!(rooms.handle_timeout(at(37_000)), lost);
}

#[test]
fn a_broadcast_ends_when_it_is_silent_and_when_its_time_is_over() {
    let mut rooms = studio();
    assert_eq!(rooms.handle_timeout(at(9_999)), []);
    let lost = [(room("studio"), LiveEnd::Lost)];
    assert_eq!(rooms.handle_timeout(at(10_000)), lost);
    assert_eq!(rooms.handle_timeout(at(10_000)), []);
    assert_eq!(
        refused(take(&mut rooms, 10_000, &run(2))),
        ErrorCode::Forbidden
    );

    let mut rooms = studio();
    for second in 0..60 {
        take(&mut rooms, second * 1_000, &run(second as u32 + 2)).expect("a run");
        assert_eq!(rooms.handle_timeout(at(second * 1_000)), []);
    }
    // To take the seat again makes it no longer.
    let seat = rooms.begin(at(59_500), &user(1), wish("studio"));
    assert_eq!(seat.map(|seat| seat.seconds_left), Ok(0));
    let over = [(room("studio"), LiveEnd::TimeOver)];
    assert_eq!(rooms.handle_timeout(at(60_000)), over);
}

#[test]
fn the_servers_reasons_are_the_servers() {
    let mut rooms = studio();
    for reason in [LiveEnd::Lost, LiveEnd::TimeOver, LiveEnd::TooFast] {
        let taken = take(&mut rooms, 0, &ended(reason));
        assert_eq!(refused(taken), ErrorCode::Invalid);
    }
    assert_eq!(rooms.list(at(0)).len(), 1);
    assert_eq!(take(&mut rooms, 0, &ended(LiveEnd::Done)), Ok(()));
    assert!(rooms.list(at(0)).is_empty());
    assert_eq!(rooms.handle_timeout(at(0)), [], "nobody has to be told");
}

#[test]
fn a_flood_is_refused_and_then_over() {
    let mut rooms = studio();
    let (mut taken, mut over) = (0, None);
    for number in 0..2_000_u32 {
        match take(
            &mut rooms,
            u64::from(number),
            &part(1, taken, LIVE_PART_LEN_MAX),
        ) {
            Ok(()) => taken += 1,
            Err(error) if error.code == ErrorCode::TooFast => {
                assert!(error.retry_after_ms.is_some_and(|ms| ms > 0));
            }
            Err(error) => {
                over = Some((number, error.code));
                break;
            }
        }
    }
    let (number, code) = over.expect("it is over");
    assert_eq!(code, ErrorCode::Forbidden);
    // Two seconds at once, and what was agreed since: 250,000 bytes a second.
    let passed = taken as usize * LIVE_PART_LEN_MAX;
    assert!(passed < 500_000 + 250 * number as usize, "{passed}");
    let told = [(room("studio"), LiveEnd::TooFast)];
    assert_eq!(rooms.handle_timeout(at(2_000)), told);
}

#[test]
fn who_is_slower_after_a_refusal_goes_on_with_another_run() {
    let mut rooms = studio();
    let mut number = 0;
    let refusal = loop {
        match take(&mut rooms, 0, &part(1, number, LIVE_PART_LEN_MAX)) {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
    };
    let wait = u64::from(refusal.retry_after_ms.expect("a time"));
    let next = part(1, number + 1, 1_000);
    assert_eq!(refused(take(&mut rooms, wait, &next)), ErrorCode::Invalid);
    assert_eq!(take(&mut rooms, wait, &run(2)), Ok(()));
    assert_eq!(take(&mut rooms, wait, &part(2, 0, 1_000)), Ok(()));
}

#[test]
fn rubbish_costs_as_much_as_what_is_good() {
    let mut rooms = studio();
    let codes: Vec<ErrorCode> = (0..100)
        .map(|_| refused(take(&mut rooms, 0, &part(9, 9, LIVE_PART_LEN_MAX))))
        .collect();
    assert_eq!(codes[0], ErrorCode::Invalid);
    assert_eq!(codes[99], ErrorCode::TooFast);
}

#[test]
fn a_list_tells_what_is_broadcast_and_how_much() {
    let mut rooms = studio();
    for ms in 0..4_000 {
        if ms % 100 == 0 {
            take(&mut rooms, ms, &run(2 + ms as u32)).expect("a run");
            let event = part(2 + ms as u32, 0, 12_000);
            take(&mut rooms, ms, &event).expect("a part");
        }
    }
    let list = rooms.list(at(4_000));
    let (name, info) = list.first().expect("one");
    assert_eq!(name, &room("studio"));
    assert_eq!(
        (info.video.as_str(), info.form),
        ("vp8", Some(LiveForm::Frames))
    );
    assert_eq!((info.since, info.broadcaster.id), (Timestamp(7), UserId(1)));
    assert!((950_000..1_000_000).contains(&info.bitrate), "{info:?}");
}

#[test]
fn only_a_broadcaster_is_told_of_the_audience() {
    let mut rooms = studio();
    let name = room("studio");
    let report = LiveReport {
        room: Text::cut("studio"),
        latency_ms: Some(120),
        skipped: 3,
        dropped: 0,
    };
    assert_eq!(rooms.report(at(0), UserId(2), &name, &report), Ok(0));
    assert_eq!(rooms.report(at(0), UserId(1), &name, &report), Ok(0));
    let (sight, _, left) = rooms.sight(at(1), UserId(1), &name).expect("told");
    assert_eq!(
        (sight.slow, sight.skipped, sight.latency_ms),
        (1, 3, Some(120))
    );
    assert_eq!(left, 59);
    let other = rooms.sight(at(1), UserId(2), &name).map(|_| ());
    assert_eq!(refused(other), ErrorCode::Forbidden);
    let nothing = rooms.report(at(1), UserId(2), &room("empty"), &report);
    assert_eq!(refused(nothing), ErrorCode::NotKept);
}
