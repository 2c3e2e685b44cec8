//! What snapshots cost, and what becomes of broken ones.

use super::*;
use crate::world::World;
use crate::world_tests::played;

/// The longest keyframe, and the lengths of all deltas in order.
fn lengths(seed: u64, bots: u8, ticks: u32) -> (usize, Vec<usize>) {
    let (mut longest, mut deltas) = (0, Vec::new());
    let mut key = World::new(seed, crate::Length::default()).snapshot();
    played(seed, bots, ticks, |world| {
        let snapshot = world.snapshot();
        if snapshot.tick % KEYFRAME_EVERY == 1 {
            let bytes = snapshot.to_keyframe();
            assert_eq!(Snapshot::from_keyframe(&bytes).as_ref(), Ok(&snapshot));
            longest = longest.max(bytes.len());
            key = snapshot;
        } else {
            let bytes = snapshot.to_delta(&key).expect("a recent keyframe");
            assert_eq!(Snapshot::from_delta(&bytes, &key), Ok(snapshot));
            deltas.push(bytes.len());
        }
    });
    deltas.sort_unstable();
    (longest, deltas)
}

#[test]
fn a_match_of_32_is_told_within_its_budget() {
    let (longest, deltas) = lengths(5, 32, 5_000);
    let at = |part: usize| deltas[deltas.len() * part / 100];
    let told = format!("whole {longest}, deltas {} {} {}", at(50), at(90), at(99));
    assert!(longest <= SNAPSHOT_LEN_MAX && at(50) <= 200, "{told}");
    // At 30 a second, with 12 bytes around each: less than 8 KB/s.
    let sum: usize = deltas.iter().sum();
    let mean = (sum + longest * 5_000 / KEYFRAME_EVERY as usize) / 5_000;
    assert!((mean + 12) * 30 < 8_000, "{told}");
}

#[test]
fn a_few_players_cost_less() {
    let (longest, deltas) = lengths(6, 2, 2_000);
    assert!(
        longest < 60 && deltas[deltas.len() / 2] < 30,
        "{longest} {}",
        deltas[deltas.len() / 2]
    );
}

#[test]
fn whatever_is_read_is_a_snapshot_or_refused() {
    let world = played(8, 32, 400, |_| ());
    let key = world.snapshot();
    let mut later = key.clone();
    later.tick += 3;
    later.left -= 3;
    let (whole, delta) = (key.to_keyframe(), later.to_delta(&key).expect("recent"));
    let mut seed = 1_u64;
    for round in 0..20_000 {
        let mut bytes = if round % 2 == 0 {
            whole.clone()
        } else {
            delta.clone()
        };
        for _ in 0..=round % 5 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (seed >> 33) as usize % bytes.len();
            bytes[at] ^= (seed >> 20) as u8;
        }
        bytes.truncate(if round % 7 == 0 {
            round % 300
        } else {
            bytes.len()
        });
        // The hash tells of almost all changes; of some, that they change nothing.
        if let Ok(read) = Snapshot::from_keyframe(&bytes) {
            assert!(read.players.iter().flatten().all(is_on_field));
        }
        if let Ok(read) = Snapshot::from_delta(&bytes, &key) {
            assert!(read.players.iter().flatten().all(is_on_field));
        }
    }
}

#[test]
fn a_delta_needs_its_own_keyframe() {
    let world = played(8, 4, 50, |_| ());
    let (key, later) = (world.snapshot(), played(8, 4, 60, |_| ()).snapshot());
    let delta = later.to_delta(&key).expect("recent");
    assert_eq!(Snapshot::from_delta(&delta, &key), Ok(later.clone()));
    assert_eq!(
        Snapshot::from_delta(&delta, &later),
        Err(InvalidSnapshot::OtherKeyframe)
    );
    let mut other = key.clone();
    other.players[0].as_mut().expect("a player").score += 1;
    assert_eq!(
        Snapshot::from_delta(&delta, &other),
        Err(InvalidSnapshot::Desync)
    );
    assert_eq!(key.to_delta(&later), None, "back in time");
}
