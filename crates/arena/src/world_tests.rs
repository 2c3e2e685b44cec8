//! What a tick does to several discs.

use crate::angle::Angle;
use crate::input::{Input, Moves};
use crate::point::{Point, SCALE};
use crate::world::{Length, Phase, SEATS, World};
use crate::{Bot, RADIUS, TICK_HZ};

const NOTHING: [Input; SEATS] = [Input {
    moves: Moves {
        up: false,
        down: false,
        left: false,
        right: false,
    },
    aim: Angle(0),
    fire: false,
    view_back: 0,
}; SEATS];

/// Discs at these places, in units of the map, with nothing between them.
fn world(places: &[(i32, i32)]) -> World {
    let mut world = World::new(7, Length::default());
    for (seat, &(x, y)) in places.iter().enumerate() {
        assert!(world.enter(seat as u8));
        place(&mut world, seat, (x, y));
    }
    world
}

fn place(world: &mut World, seat: usize, (x, y): (i32, i32)) {
    let player = world.players[seat].as_mut().expect("a player");
    player.at = Point::of_map(x, y);
    player.safe_for = 0;
}

fn firing(seat: usize, aim: u8, view_back: u8) -> [Input; SEATS] {
    let mut inputs = NOTHING;
    inputs[seat] = Input {
        aim: Angle(aim),
        fire: true,
        view_back,
        ..Input::default()
    };
    inputs
}

#[test]
fn three_pulses_put_somebody_out_who_then_comes_back() {
    let mut world = world(&[(300, 300), (500, 300)]);
    let mut hits = 0;
    while world.player(1).expect("a player").is_in() {
        world.step(&firing(0, 0, 0));
        hits += world
            .shots
            .iter()
            .filter(|shot| shot.hit == Some(1))
            .count();
    }
    assert_eq!(
        (hits, world.tick(), world.player(0).map(|it| it.score)),
        (3, 25, Some(1))
    );
    assert_eq!(world.shots[0].length, 500 - 300 - 14);
    for _ in 0..60 {
        world.step(&NOTHING);
    }
    let back = world.player(1).expect("a player");
    assert!(back.is_in() && back.health == 3 && back.safe_for == 45);
    world.step(&firing(0, 0, 0));
    assert_eq!(
        world.player(1).map(|it| it.health),
        Some(3),
        "nothing hits it yet"
    );
}

#[test]
fn two_can_hit_each_other_in_one_tick() {
    let mut world = world(&[(300, 300), (500, 300)]);
    for seat in 0..2 {
        world.players[seat].as_mut().expect("a player").health = 1;
    }
    let mut inputs = firing(0, 0, 0);
    inputs[1] = firing(1, 128, 0)[1];
    world.step(&inputs);
    let scores: Vec<_> = world
        .players
        .iter()
        .flatten()
        .map(|it| (it.is_in(), it.score))
        .collect();
    assert_eq!(scores, [(false, 1), (false, 1)]);
}

#[test]
fn a_pulse_is_judged_by_what_its_shooter_saw() {
    // Somebody drives down past the shooter's line of fire, and is beyond it now.
    let check = |view_back, expected| {
        let mut world = world(&[(100, 300), (200, 240)]);
        let mut down = NOTHING;
        down[1].moves.down = true;
        let passes = |world: &World| world.player(1).map(|it| it.at.y / SCALE);
        while passes(&world) < Some(340) {
            world.step(&down);
        }
        let mut inputs = firing(0, 0, view_back);
        inputs[1] = down[1];
        world.step(&inputs);
        assert_eq!(world.shots[0].hit, expected, "{view_back} ticks back");
    };
    check(0, None);
    check(6, Some(1));
    check(12, None);
}

#[test]
fn discs_part_and_stay_on_the_field() {
    let mut world = world(&[(20, 20), (20, 20), (24, 22)]);
    for _ in 0..30 {
        world.step(&NOTHING);
    }
    let places: Vec<_> = world.players.iter().flatten().map(|it| it.at).collect();
    for (at, one) in places.iter().enumerate() {
        assert!(one.x >= RADIUS && one.y >= RADIUS, "{one:?}");
        for other in &places[at + 1..] {
            let apart = one.from(*other).length();
            assert!(apart >= 2 * RADIUS - 2, "{apart}");
        }
    }
}

#[test]
fn a_match_ends_and_the_next_one_has_the_same_players() {
    let mut world = World::new(1, Length::of_seconds(2, 1));
    world.enter(3);
    world.enter(9);
    for _ in 0..2 * TICK_HZ {
        world.step(&firing(3, 0, 0));
    }
    assert_eq!(world.phase(), (Phase::Pause, 90));
    world.step(&firing(3, 0, 0));
    assert!(world.shots.is_empty(), "no pulses in the pause");
    for _ in 1..TICK_HZ {
        world.step(&NOTHING);
    }
    assert_eq!(world.phase(), (Phase::Done, 90));
    let next = world.next(2);
    assert_eq!(
        (next.number(), next.tick(), next.phase()),
        (2, 90, (Phase::Play, 150))
    );
    assert_eq!(next.seats().collect::<Vec<_>>(), [3, 9]);
}

#[test]
fn seats_are_taken_once() {
    let mut world = World::new(1, Length::default());
    for seat in 0..SEATS as u8 {
        assert_eq!(world.free_seat(), Some(seat));
        assert!(world.enter(seat));
    }
    assert!(!world.enter(3) && !world.enter(32) && !world.leave(32));
    assert_eq!(world.free_seat(), None);
    assert!(world.leave(3) && !world.leave(3));
    assert_eq!(world.free_seat(), Some(3));
}

/// Plays so many ticks with bots on all seats.
pub(crate) fn played(seed: u64, bots: u8, ticks: u32, mut each: impl FnMut(&World)) -> World {
    let mut world = World::new(seed, Length::default());
    (0..bots).for_each(|seat| assert!(world.enter(seat)));
    let mut minds: Vec<_> = (0..bots)
        .map(|seat| Bot::new(u64::from(seat) + seed))
        .collect();
    for _ in 0..ticks {
        let snapshot = world.snapshot();
        let mut inputs = NOTHING;
        for (seat, mind) in minds.iter_mut().enumerate() {
            inputs[seat] = mind.act(&snapshot, seat as u8);
        }
        world.step(&inputs);
        each(&world);
    }
    world
}

#[test]
fn bots_play_and_the_same_seed_gives_the_same_match() {
    let hash = |seed| played(seed, 8, 1_000, |_| ()).hash();
    assert_eq!(hash(3), hash(3));
    assert_ne!(hash(3), hash(4));
    let world = played(3, 8, 3_000, |_| ());
    let score: u16 = world.players.iter().flatten().map(|it| it.score).sum();
    assert!(score >= 10, "{score} were put out in 100 seconds");
}
