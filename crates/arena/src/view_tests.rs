//! Others are shown between two snapshots, and pulses once.

use super::*;
use crate::shot::Shot;
use crate::world::{Length, World};

const TICK: u64 = 1_000_000 / 30;

/// A snapshot with one disc that goes to the right by 80 a tick.
fn snapshot(tick: u32) -> Snapshot {
    let mut world = World::new(1, Length::default());
    world.enter(0);
    let mut snapshot = world.snapshot();
    snapshot.tick = tick;
    let player = snapshot.players[0].as_mut().expect("a player");
    player.at = Point::new(1_000 + tick as i32 * 80, 800);
    player.aim = Angle((tick as u8).wrapping_mul(10).wrapping_add(240));
    snapshot
}

fn shown(view: &View, now: u64) -> (i32, u8) {
    let player = view.players(now)[0].expect("a player");
    (player.at.x, player.aim.0)
}

#[test]
fn a_disc_is_where_it_was_two_and_a_half_ticks_ago() {
    let mut view = View::default();
    assert_eq!(view.players(0), [None; SEATS]);
    for tick in 1..=10 {
        view.handle_snapshot(u64::from(tick) * TICK, snapshot(tick));
    }
    let (x, aim) = shown(&view, 10 * TICK);
    assert!((x - 1_600).abs() <= 1, "{x}");
    assert_eq!(aim, 240_u8.wrapping_add(75), "the short way round");
    let (later, _) = shown(&view, 10 * TICK + TICK / 2);
    assert!((later - 1_640).abs() <= 1, "{later}");
    assert_eq!(shown(&view, 99 * TICK).0, 1_800, "no farther than is known");
    assert_eq!(view.back(10 * TICK, 14), 6);
    assert_eq!((view.back(10 * TICK, 99), view.back(10 * TICK, 1)), (12, 0));
}

#[test]
fn what_comes_late_or_twice_changes_nothing() {
    let mut view = View::default();
    for tick in [1, 2, 3, 4, 4, 2, 5, 6] {
        // All but the first are late, and unevenly.
        view.handle_snapshot(
            u64::from(tick) * TICK + u64::from(tick % 3) * 9_000,
            snapshot(tick),
        );
    }
    let even: Vec<_> = view.kept.iter().map(|it| it.tick).collect();
    assert_eq!(even, [1, 2, 3, 4, 5, 6]);
    let (x, _) = shown(&view, 6 * TICK);
    assert!((x - 1_280).abs() <= 1, "{x}");
}

#[test]
fn who_is_put_elsewhere_does_not_fly_there() {
    let mut view = View::default();
    for tick in 1..=6 {
        let mut snapshot = snapshot(tick);
        if tick >= 4 {
            snapshot.players[0].as_mut().expect("a player").at.y = 5_000;
        }
        view.handle_snapshot(u64::from(tick) * TICK, snapshot);
    }
    let at = view.players(6 * TICK)[0].expect("a player").at;
    assert_eq!(
        at,
        Point::new(1_240, 800),
        "in the middle between the third and the fourth"
    );
}

#[test]
fn a_pulse_is_drawn_once_when_its_tick_is_shown() {
    let mut view = View::default();
    for tick in 1..=6 {
        let mut snapshot = snapshot(tick);
        snapshot.players[0].as_mut().expect("a player").aim = Angle(64);
        snapshot.shots = vec![Shot {
            by: if tick == 5 { 31 } else { 0 },
            length: 100,
            hit: Some(3),
            out: tick == 3,
        }];
        view.handle_snapshot(u64::from(tick) * TICK, snapshot);
    }
    let beams = view.take_beams(6 * TICK);
    let outs: Vec<_> = beams.iter().map(|beam| beam.out).collect();
    assert_eq!(outs, [false, false, true]);
    let first = beams[0];
    assert_eq!(first.to.from(first.from), Point::new(0, 86 * SCALE));
    assert_eq!(view.take_beams(6 * TICK), []);
    assert_eq!(view.take_beams(9 * TICK).len(), 2, "nobody is on seat 31");
}
