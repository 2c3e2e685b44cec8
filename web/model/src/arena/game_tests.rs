//! A game from its messages.

use trunkline_arena::{Length, Moves, World};
use trunkline_protocol::topics::arena::ArenaPlayer;
use trunkline_protocol::{Text, User, UserId};

use super::*;

const TICK: u64 = 1_000_000 / 30;

fn keyframe(world: &World) -> ArenaEvent {
    ArenaEvent::Keyframe {
        bytes: List::cut(world.snapshot().to_keyframe()),
    }
}

fn delta(world: &World, key: &Snapshot) -> ArenaEvent {
    ArenaEvent::Delta {
        bytes: List::cut(world.snapshot().to_delta(key).expect("a recent keyframe")),
    }
}

fn world(players: u8) -> World {
    let mut world = World::new(1, Length::default());
    (0..players).for_each(|seat| assert!(world.enter(seat)));
    world
}

fn step(world: &mut World, input: Input) {
    let mut inputs = [Input::default(); SEATS];
    inputs[0] = input;
    world.step(&inputs);
}

#[test]
fn a_delta_counts_only_with_its_keyframe() {
    let mut world = world(2);
    let mut game = Game::default();
    let key = world.snapshot();
    step(&mut world, Input::default());
    let late = delta(&world, &key);
    game.take_event(0, &late);
    assert_eq!(game.newest(), None);
    game.take_event(TICK, &keyframe(&world));
    assert_eq!(game.newest(), Some(&world.snapshot()));
    // It is of the keyframe before.
    game.take_event(2 * TICK, &late);
    assert_eq!(game.trouble(), Trouble::default());
    // Something of it is another than the server had.
    let (key, mut broken) = (world.snapshot(), world.snapshot().to_keyframe());
    step(&mut world, Input::default());
    broken[5] ^= 1;
    game.take_event(
        3 * TICK,
        &ArenaEvent::Keyframe {
            bytes: List::cut(broken),
        },
    );
    game.take_event(
        3 * TICK,
        &ArenaEvent::Keyframe {
            bytes: List::cut([1, 2, 3]),
        },
    );
    game.take_gap(4);
    let told = Trouble {
        skipped: 4,
        desyncs: 1,
        broken: 1,
    };
    assert_eq!(game.trouble(), told);
    game.take_event(4 * TICK, &delta(&world, &key));
    assert_eq!(game.newest(), Some(&world.snapshot()));
}

#[test]
fn a_player_steers_ahead_and_learns_how_early_it_was() {
    let mut world = world(1);
    let mut game = Game::default();
    game.sit(0, Some(100_000));
    let mut controls = Controls::default();
    controls.handle_key("KeyD", true);
    assert_eq!(
        game.poll_steering(0, &mut controls, None),
        None,
        "nothing is known yet"
    );
    game.take_event(0, &keyframe(&world));
    let sent = game.poll_steering(0, &mut controls, None).expect("inputs");
    assert_eq!(
        (sent.tick, sent.inputs.len()),
        (0, 5),
        "three ticks there and back, and one and a half"
    );
    assert!(sent.inputs.iter().all(|input| input.does == 8));
    assert_eq!(game.poll_steering(0, &mut controls, None), None);
    let answer = |taken, tick| ArenaSteered {
        tick,
        inputs: List::cut([taken]),
    };
    assert_eq!(
        game.take_answer(60_000, 0, 4, &answer(ArenaTaken::Taken, 2)),
        Seat::Kept
    );
    assert_eq!(game.round_trip(), Some(60_000));
    game.take_answer(200_000, 60_000, 4, &answer(ArenaTaken::TooLate, 6));
    assert_eq!(
        (game.round_trip(), game.steering()),
        (Some(80_000), Some((1, 0.0)))
    );
    let lost = game.take_answer(300_000, 220_000, 9, &answer(ArenaTaken::NotSeated, 9));
    assert_eq!(lost, Seat::Lost);
    // What is told of the first ticks is what was predicted.
    let right = Input {
        moves: Moves {
            right: true,
            ..Moves::default()
        },
        ..Input::default()
    };
    for tick in 1..=4 {
        step(&mut world, right);
        game.take_event(tick * TICK, &keyframe(&world));
    }
    assert_eq!(game.steering().map(|(_, error)| error), Some(0.0));
    let (me, _) = game.own(4 * TICK).expect("a disc");
    assert!(me.velocity.x > 0);
    game.stand();
    assert_eq!((game.seat(), game.own(0)), (None, None));
}

#[test]
fn a_pulse_is_seen_before_the_server_tells_of_it() {
    let world = world(1);
    let mut game = Game::default();
    game.sit(0, None);
    game.take_event(0, &keyframe(&world));
    let mut controls = Controls::default();
    controls.button = true;
    let me = world.player(0).expect("a player");
    let below = me.at.plus(Point::new(0, 999));
    let sent = game
        .poll_steering(TICK, &mut controls, Some(below))
        .expect("inputs");
    assert!(
        sent.inputs
            .iter()
            .all(|input| input.does == 16 && input.aim == 64)
    );
    let fired = game.take_fired();
    assert_eq!(fired.len(), 1, "it reloads");
    assert_eq!(fired[0].from.from(me.at), Point::new(0, RADIUS));
    assert_eq!(game.take_fired(), []);
}

#[test]
fn names_are_asked_for_when_somebody_comes() {
    let mut world = world(2);
    let mut game = Game::default();
    assert!(!game.needs_players());
    game.take_event(0, &keyframe(&world));
    assert!(game.needs_players());
    let ada = User {
        id: UserId(7),
        name: Text::cut("ada"),
    };
    let player = |seat, user| ArenaPlayer {
        seat,
        user,
        score: 0,
    };
    game.take_players(ArenaPlayers {
        roster: 2,
        players: List::cut([player(0, None), player(1, Some(ada))]),
    });
    assert!(!game.needs_players());
    let rows = game.rows();
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.seat, row.known, row.user.is_some()))
        .collect();
    assert_eq!(told, [(0, true, false), (1, true, true)]);
    world.enter(5);
    step(&mut world, Input::default());
    game.take_event(1, &keyframe(&world));
    assert!(!game.rows()[2].known && game.needs_players());
}
