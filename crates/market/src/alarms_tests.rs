//! Who waits for which price, and what a quote sets off.

use trunkline_protocol::Text;

use super::*;

fn quote(symbol: u16, price: u64) -> Quote {
    Quote {
        symbol,
        price,
        bid_below: 0,
        ask_above: 0,
        size: 1,
    }
}

fn alarm(user: u64, id: u64, way: AlarmWay, price: u64) -> UserAlarm {
    UserAlarm {
        user: UserId(user),
        alarm: Alarm {
            id,
            board: Text::cut("own"),
            symbol: 7,
            ticker: Text::cut("ABCD"),
            way,
            price,
        },
        met: None,
    }
}

/// Alarms of one user with these ways and prices, whose ids count from 0.
fn alarms(of: &[(AlarmWay, u64)]) -> Alarms {
    let mut alarms = Alarms::default();
    for (id, (way, price)) in (0..).zip(of) {
        assert_eq!(alarms.add(alarm(1, id, *way, *price)), Ok(()));
    }
    alarms
}

fn met(alarms: &mut Alarms) -> Vec<(u64, Option<u64>)> {
    std::iter::from_fn(|| alarms.poll_met())
        .map(|it| (it.alarm.id, it.met))
        .collect()
}

fn is_empty(alarms: &Alarms) -> bool {
    alarms.entries.is_empty()
        && alarms.waiting.is_empty()
        && alarms.users.is_empty()
        && alarms.met.is_empty()
}

#[test]
fn a_price_meets_whoever_waits_on_its_side_of_the_way() {
    use AlarmWay::{Above, Below};
    let check = |price, expected: &[u64]| {
        let mut alarms = alarms(&[(Above, 110), (Above, 120), (Below, 90), (Below, 80)]);
        let any = alarms.check("own", &[quote(7, price)]);
        assert_eq!(any, !expected.is_empty(), "{price}");
        let expected: Vec<_> = expected.iter().map(|id| (*id, Some(price))).collect();
        assert_eq!(met(&mut alarms), expected, "{price}");
        let left = alarms.of_user(UserId(1)).len();
        assert_eq!(left, 4 - expected.len(), "{price}");
    };
    check(100, &[]);
    check(109, &[]);
    check(110, &[0]);
    check(120, &[0, 1]);
    check(91, &[]);
    check(90, &[2]);
    check(1, &[2, 3]);
    check(u64::MAX, &[0, 1]);
}

#[test]
fn an_alarm_is_met_once_and_by_the_first_price_that_does() {
    let mut alarms = alarms(&[(AlarmWay::Above, 110)]);
    assert!(alarms.check("own", &[quote(7, 90), quote(7, 115), quote(7, 130)]));
    assert!(!alarms.check("own", &[quote(7, 140)]));
    assert!(!alarms.waits_for("own"));
    assert_eq!(met(&mut alarms), [(0, Some(115))]);
    alarms.handle_told(0);
    assert!(is_empty(&alarms));
}

#[test]
fn other_symbols_and_boards_meet_nothing() {
    let mut alarms = alarms(&[(AlarmWay::Above, 110)]);
    assert!(!alarms.check("own", &[quote(8, 200)]));
    assert!(!alarms.check("other", &[quote(7, 200)]));
    assert!(alarms.waits_for("own"));
    assert!(!alarms.waits_for("other"));
    assert!(alarms.check("own", &[quote(8, 1), quote(7, 200)]));
}

#[test]
fn a_user_sees_and_drops_what_waits_and_is_theirs() {
    let mut alarms = alarms(&[(AlarmWay::Below, 90), (AlarmWay::Above, 110)]);
    let order: Vec<u64> = alarms.of_user(UserId(1)).iter().map(|it| it.id).collect();
    assert_eq!(order, [1, 0], "by way and price");
    assert!(alarms.of_user(UserId(2)).is_empty());
    assert_eq!(alarms.take(UserId(2), 0), None);
    assert_eq!(alarms.take(UserId(1), 9), None);
    let taken = alarms.take(UserId(1), 0);
    assert_eq!(taken, Some(alarm(1, 0, AlarmWay::Below, 90)));
    assert!(!alarms.check("own", &[quote(7, 1)]), "it waits no more");
    assert!(alarms.check("own", &[quote(7, 111)]));
    assert_eq!(alarms.take(UserId(1), 1), None, "it is being told");
    assert!(alarms.of_user(UserId(1)).is_empty());
    assert_eq!(alarms.poll_met().map(|it| it.alarm.id), Some(1));
    alarms.handle_told(1);
    assert!(is_empty(&alarms));
}

#[test]
fn what_was_met_before_a_restart_is_told_after_it() {
    let mut alarms = Alarms::default();
    let told = UserAlarm {
        met: Some(111),
        ..alarm(1, 5, AlarmWay::Above, 110)
    };
    assert_eq!(alarms.add(told), Ok(()));
    assert!(!alarms.waits_for("own"));
    assert_eq!(met(&mut alarms), [(5, Some(111))]);
}

#[test]
fn what_cannot_be_told_is_tried_again_and_given_up_at_last() {
    let mut alarms = alarms(&[(AlarmWay::Above, 110)]);
    alarms.check("own", &[quote(7, 110)]);
    for attempt in 1..=ATTEMPTS_MAX {
        assert!(alarms.poll_met().is_some(), "{attempt}");
        assert!(alarms.poll_met().is_none(), "{attempt}");
        assert_eq!(alarms.handle_failed(0), attempt < ATTEMPTS_MAX);
    }
    assert!(is_empty(&alarms));
    assert!(!alarms.handle_failed(0));
}

#[test]
fn there_is_room_for_so_many_of_a_user_and_of_all() {
    let mut alarms = Alarms::default();
    let of_each = ALARMS_MAX as u64;
    for id in 0..ALARMS_OF_ALL_MAX as u64 {
        let added = alarms.add(alarm(id / of_each, id, AlarmWay::Above, 110));
        assert_eq!(added, Ok(()), "{id}");
        if id % of_each == of_each - 1 && id < of_each {
            let more = alarm(id / of_each, u64::MAX, AlarmWay::Above, 110);
            assert_eq!(alarms.add(more), Err(NotTaken::TooManyOfUser));
        }
    }
    let more = |id| alarm(u64::MAX, id, AlarmWay::Above, 110);
    assert_eq!(alarms.add(more(u64::MAX)), Err(NotTaken::TooMany));
    assert_eq!(alarms.add(more(0)), Err(NotTaken::Twice));
    assert!(alarms.take(UserId(0), 0).is_some());
    assert_eq!(alarms.add(more(u64::MAX)), Ok(()));
}
