//! Records are played again to the same end, and broken ones are told from whole ones.

use super::*;
use crate::Bot;

/// A match of some seconds with bots that come and go.
fn recorded(seconds: u16) -> (World, Record) {
    let mut world = World::new(11, Length::of_seconds(seconds, 1));
    (0..6).for_each(|seat| assert!(world.enter(seat)));
    let mut record = Record::of(&world);
    let mut minds: Vec<_> = (0..8).map(Bot::new).collect();
    while world.phase().0 != Phase::Done {
        match world.tick() {
            40 => {
                world.enter(7);
                record.enter(7);
            }
            80 => {
                world.leave(2);
                record.leave(2);
            }
            _ => {}
        }
        let snapshot = world.snapshot();
        let mut inputs = [Input::default(); SEATS];
        for (seat, mind) in minds.iter_mut().enumerate() {
            inputs[seat] = mind.act(&snapshot, seat as u8);
        }
        world.step(&inputs);
        record.step(&world, &inputs);
    }
    (world, record)
}

#[test]
fn a_record_is_played_again_to_the_same_hash() {
    let (world, record) = recorded(10);
    let replayed = Record::replay(record.bytes().expect("short")).expect("a record");
    assert_eq!(
        replayed,
        Replayed {
            tick: 330,
            hash: world.hash(),
            compared: 11,
            differs_at: None,
        }
    );
    // The next match is recorded from its own beginning.
    let mut next = world.next(12);
    let mut record = Record::of(&next);
    for _ in 0..40 {
        next.step(&[Input::default(); SEATS]);
        record.step(&next, &[Input::default(); SEATS]);
    }
    let replayed = Record::replay(record.bytes().expect("short")).expect("a record");
    assert_eq!((replayed.hash, replayed.differs_at), (next.hash(), None));
}

#[test]
fn another_input_shows_at_the_next_hash() {
    let (_, record) = recorded(10);
    let mut bytes = record.bytes().expect("short").to_vec();
    // The first input of a player, after 23 bytes of head, 6 that came, and nothing else.
    let at = bytes
        .iter()
        .skip(23 + 12)
        .position(|&byte| byte == 3)
        .expect("an input")
        + 35;
    bytes[at + 2] ^= 0b1000;
    let replayed = Record::replay(&bytes).expect("a record");
    assert_eq!(replayed.differs_at, Some(30));
}

#[test]
fn what_is_no_record_is_refused() {
    let (_, record) = recorded(1);
    let whole = record.bytes().expect("short");
    assert_eq!(Record::replay(b"TLA0"), Err(InvalidRecord::Unknown));
    assert_eq!(Record::replay(&whole[..10]), Err(InvalidRecord::Unknown));
    let cut = Record::replay(&whole[..whole.len() - 1]);
    assert_eq!(cut, Err(InvalidRecord::Broken(whole.len() - 5)));
    for tail in [
        [4, 4].as_slice(),
        &[9],
        &[1, 32],
        &[3, 0, 255, 255, 255],
        &[1, 1],
    ] {
        let bytes = [whole, tail].concat();
        assert_eq!(
            Record::replay(&bytes),
            Err(InvalidRecord::Broken(whole.len())),
            "{tail:?}"
        );
    }
    let mut seed = 3_u64;
    for _ in 0..500 {
        let mut bytes = whole.to_vec();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = (seed >> 33) as usize % bytes.len();
        bytes[at] ^= (seed >> 20) as u8;
        let _ = Record::replay(&bytes);
    }
}
