//! Who sits in a room and for how long, and what readers of its snapshots see.

use trunkline_arena::{Angle, Moves};
use trunkline_protocol::Text;

use super::*;

const LENGTH: (u16, u16) = (2, 1);

fn room(bots: usize) -> Room {
    Room::new(7, 1_000, Length::of_seconds(LENGTH.0, LENGTH.1), bots, true)
}

fn user(id: u64) -> User {
    User {
        id: UserId(id),
        name: Text::cut("Ada"),
    }
}

fn right() -> Input {
    Input {
        moves: Moves {
            right: true,
            ..Moves::default()
        },
        aim: Angle(64),
        ..Input::default()
    }
}

fn taken(room: &mut Room, id: u64, tick: u32, count: usize) -> Vec<ArenaTaken> {
    room.steer(UserId(id), tick, std::iter::repeat_n(right(), count))
}

#[test]
fn bots_fill_a_room_and_give_way_to_people() {
    let mut room = room(3);
    assert_eq!(room.join(&user(1)), Some(0));
    assert_eq!(room.counts(), (1, 2));
    assert_eq!(room.join(&user(1)), Some(0), "the same seat");
    for id in 2..=32 {
        assert!(room.join(&user(id)).is_some());
    }
    assert_eq!(room.counts(), (32, 0));
    assert_eq!(room.join(&user(33)), None);
    assert!(room.leave(UserId(5)) && !room.leave(UserId(5)));
    assert!(room.join(&user(33)).is_some());
    (1..=33).for_each(|id| _ = room.leave(UserId(id)));
    assert_eq!(room.counts(), (0, 3));
}

#[test]
fn a_room_full_of_bots_has_seats_for_people() {
    let mut room = room(32);
    assert!(room.join(&user(1)).is_some());
    assert_eq!(room.counts(), (1, 31));
    assert!(room.join(&user(2)).is_some());
    assert_eq!(room.counts(), (2, 30));
}

#[test]
fn inputs_are_taken_one_by_one() {
    use ArenaTaken::{NotSeated, Taken, TooEarly, TooLate, Twice};
    let mut room = room(0);
    room.join(&user(1)).expect("a seat");
    let now = room.tick();
    assert_eq!(taken(&mut room, 1, now, 3), [TooLate, Taken, Taken]);
    assert_eq!(taken(&mut room, 1, now + 2, 2), [Twice, Taken]);
    assert_eq!(taken(&mut room, 1, now + 30, 2), [Taken, TooEarly]);
    assert_eq!(
        taken(&mut room, 1, u32::MAX, 2),
        [TooEarly],
        "no tick after it"
    );
    assert_eq!(taken(&mut room, 2, now + 1, 2), [NotSeated, NotSeated]);
    let at = |room: &Room| room.world.player(0).map(|player| player.at.x);
    let before = at(&room);
    room.step();
    assert!(at(&room) > before, "it drives to the right");
}

/// Steps, looking once a second.
fn pass(room: &mut Room, seconds: u32, present: &[UserId], steers: bool) {
    for _ in 0..seconds {
        for _ in 0..TICK_HZ {
            room.step();
        }
        if steers {
            let next = room.tick() + 1;
            taken(room, 1, next, 1);
        }
        room.look(!present.is_empty(), present);
    }
}

#[test]
fn a_seat_is_kept_for_fifteen_seconds_with_its_score_and_place() {
    let check = |seconds, present: &[UserId], steers, kept: bool| {
        let mut room = room(0);
        room.join(&user(1)).expect("a seat");
        pass(&mut room, seconds, present, steers);
        let seat = room.seat_of(UserId(1));
        assert_eq!(seat.is_some(), kept, "{seconds} {present:?} {steers}");
    };
    check(15, &[], false, true);
    check(16, &[], false, false);
    check(16, &[UserId(2)], false, false);
    // Who reads may think for a while; who steers need not read.
    check(60, &[UserId(1)], false, true);
    check(61, &[UserId(1)], false, false);
    check(70, &[], true, true);

    let mut room = room(0);
    room.join(&user(1)).expect("a seat");
    pass(&mut room, 10, &[], true);
    let before = room.world.player(0).copied();
    assert_eq!(room.join(&user(1)), Some(0));
    assert_eq!(room.world.player(0).copied(), before, "where it was");
}

#[test]
fn a_room_is_idle_when_nobody_sits_or_watches() {
    let mut room = room(4);
    assert!(room.is_idle());
    room.join(&user(1)).expect("a seat");
    assert!(!room.is_idle());
    room.look(true, &[]);
    room.leave(UserId(1));
    assert!(!room.is_idle(), "somebody watches the bots");
    room.look(false, &[]);
    assert!(room.is_idle());
}

#[test]
fn whoever_reads_sees_the_room_and_its_record_gives_the_last_hash() {
    let mut room = room(8);
    room.join(&user(1)).expect("a seat");
    let mut key = None;
    let (mut keyframes, mut matches) = (0, 0);
    for at in 0..400 {
        if at == 40 {
            room.join(&user(2)).expect("a seat");
        }
        if at == 70 {
            assert!(room.leave(UserId(1)));
        }
        let next = room.tick() + 1;
        taken(&mut room, 2, next, 1);
        let made = room.step();
        let seen = match made.keyframe {
            true => Snapshot::from_keyframe(&made.bytes),
            false => Snapshot::from_delta(&made.bytes, key.as_ref().expect("a keyframe first")),
        };
        let seen = seen.expect("a snapshot");
        assert_eq!(seen, room.world.snapshot());
        if made.keyframe {
            keyframes += 1;
            key = Some(seen.clone());
        }
        // Whoever comes in a pause need not know the match before.
        let begins = seen.playing && seen.left == 59;
        assert!(made.keyframe || !begins, "a match begins with a keyframe");
        if let Some(record) = made.record {
            matches += 1;
            assert!(!seen.playing && seen.left == 0 && seen.number == record.number);
            let replayed = Record::replay(&record.bytes).expect("a record");
            assert_eq!(replayed.hash, seen.hash());
            assert_eq!((replayed.tick, replayed.differs_at), (seen.tick, None));
            assert!(replayed.compared >= 3);
        }
    }
    assert_eq!(matches, 4);
    assert!((27..=32).contains(&keyframes), "{keyframes}");
}
