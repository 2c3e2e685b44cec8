//! What a player shows, and that it plays the very runs that test the rules.

use super::*;

fn player(seed: u64) -> Player {
    Player::new(Script { seed, lying: false })
}

#[test]
fn however_a_run_is_played_it_is_the_one_that_tests_the_rules() {
    for seed in 0..20 {
        let expected = trunkline_sim::run(seed);
        let mut finished = player(seed);
        finished.finish();
        let mut stepped = player(seed);
        while !stepped.is_over() {
            stepped.step();
        }
        let mut played = player(seed);
        while !played.is_over() {
            played.advance(16.0, 20.0);
        }
        for player in [finished, stepped, played] {
            assert_eq!(player.outcome(), expected, "seed {seed}");
            assert_eq!(player.scene().verdict, Verdict::Held);
        }
    }
}

#[test]
fn a_lie_is_found_and_said() {
    let mut player = Player::new(Script {
        seed: 3,
        lying: true,
    });
    assert_eq!(player.scene().verdict, Verdict::Good);
    player.finish();
    let scene = player.scene();
    assert!(
        matches!(&scene.verdict, Verdict::Broken { check, what } if !check.is_empty() && !what.is_empty()),
        "{scene:?}"
    );
    assert!(scene.now_ms < scene.end_ms);
    // It is over: nothing more happens.
    let steps = player.outcome().steps;
    player.step();
    player.advance(1_000.0, 5.0);
    assert_eq!(player.outcome().steps, steps);
}

#[test]
fn dots_travel_and_are_bounded() {
    let mut most = 0;
    for seed in 0..10 {
        let mut player = player(seed);
        let (mut between, mut arrived) = (0, 0);
        for _ in 0..4_000 {
            player.advance(16.0, 0.2);
            let dots: Vec<Dot> = player.dots().collect();
            most = most.max(dots.len());
            for dot in &dots {
                assert!((0.0..=1.0).contains(&dot.at), "{dot:?}");
                between += usize::from(dot.at > 0.2 && dot.at < 0.8);
                arrived += usize::from(dot.at >= 1.0);
            }
            assert!(player.told().count() <= TOLD_MAX);
        }
        assert!(arrived > 0, "seed {seed}");
        // Some networks of these plans take no time at all.
        assert!(
            between > 0 || player.world.plan().delay_ms.1 <= 20,
            "seed {seed}"
        );
    }
    assert!((20..=DOTS_MAX).contains(&most), "{most}");
}

#[test]
fn what_was_on_its_way_over_a_cut_line_is_lost() {
    let mut cuts = 0;
    for seed in 0..40 {
        let mut player = player(seed);
        while !player.is_over() {
            let lost = player.lost;
            let on_way: Vec<LinkId> = player
                .ways
                .iter()
                .filter(|way| !way.lost && way.place(player.run_ms) < 1.0)
                .map(|way| way.flight.link)
                .collect();
            player.step();
            let newest = player.told().next().map(|it| it.sight);
            if let Some(Sight::Struck {
                fault: Fault::Cut,
                link: Some(link),
                ..
            }) = newest
                && on_way.contains(&link)
                && player
                    .ways
                    .iter()
                    .any(|way| way.flight.link == link && way.lost)
            {
                assert!(player.lost > lost, "seed {seed}");
                cuts += 1;
            }
        }
    }
    assert!(cuts > 0);
}

#[test]
fn time_that_passes_in_silence_passes_fast() {
    let mut player = player(0);
    // Nothing is on its way in the beginning, whatever the speed.
    player.advance(1.0, 0.001);
    assert!(player.run_ms >= 1.0 || player.ways.iter().any(|way| way.ended.is_none()));
    while !player.ways.iter().any(|way| way.ended.is_none()) {
        player.advance(16.0, 0.001);
    }
    let before_ms = player.run_ms;
    player.advance(16.0, 0.001);
    assert!(player.run_ms - before_ms < 0.1);
}

#[test]
fn told_is_numbered_and_the_newest_comes_first() {
    let mut player = player(2);
    for _ in 0..300 {
        player.step();
    }
    let numbers: Vec<u64> = player.told().map(|it| it.number).collect();
    assert_eq!(numbers.len(), TOLD_MAX);
    assert!(numbers.windows(2).all(|pair| pair[0] == pair[1] + 1));
    let scene = player.scene();
    assert!(scene.frames > 0 && scene.clients.len() >= 2);
    assert_eq!(player.peers().len(), scene.clients.len() + scene.intruders);
}
