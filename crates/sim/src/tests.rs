//! Runs by the thousand, and scenarios that once went wrong.
//!
//! A scenario is a plan that makes one kind of trouble likely, run for a number of seeds. Each was
//! written for a fault that was found in `session` or `hub`.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Range;
use std::time::Duration;

use trunkline_protocol::Delivery;

use crate::plan::answer_len_max;
use crate::{DiskFault, DiskPlan, Fault, Outcome, Plan, World, plan, run};

/// Says which seed it was, should a machine panic.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in seed {}", self.0);
        }
    }
}

/// Runs the seeds of `range` on two threads, and shows the first failure.
fn hold(range: Range<u64>, plan: impl Fn(u64) -> Plan + Sync) -> Vec<Outcome> {
    let run_some = |first: u64| {
        let seeds = (range.start + first..range.end).step_by(2);
        let run_one = |seed| {
            let _named = Named(seed);
            World::new(plan(seed)).run()
        };
        seeds.map(run_one).collect::<Vec<_>>()
    };
    let outcomes = std::thread::scope(|scope| {
        let other = scope.spawn(|| run_some(1));
        let mut outcomes = run_some(0);
        outcomes.extend(other.join().unwrap());
        outcomes
    });
    if let Some(failure) = outcomes.iter().find_map(|outcome| outcome.failure.as_ref()) {
        panic!("{failure}");
    }
    outcomes
}

/// A plan without faults and without haste, to make trouble in.
fn calm(seed: u64) -> Plan {
    let mut plan = Plan::of(seed);
    plan.faults.clear();
    (plan.dial_failures, plan.token_failures, plan.history_losses) = (0, 0, 0);
    plan.disk = DiskPlan::sound();
    plan
}

fn check(plan: impl Fn(u64) -> Plan + Sync) {
    hold(0..40, plan);
}

#[test]
fn two_thousand_seeds_hold() {
    let outcomes = hold(0..2_000, plan);
    let deliveries: u64 = outcomes.iter().map(|outcome| outcome.deliveries).sum();
    let faults: u64 = outcomes.iter().map(|outcome| outcome.faults).sum();
    let steps: u64 = outcomes.iter().map(|outcome| outcome.steps).sum();
    assert!(steps > 1_000_000, "only {steps} steps were taken");
    assert!(
        deliveries > 200_000,
        "only {deliveries} deliveries were checked"
    );
    assert!(faults > 4_000, "only {faults} faults struck");
}

/// Seeds that nobody has run before: a failure is a find, and names its seed.
#[test]
fn fresh_seeds_hold() {
    let fresh = RandomState::new().build_hasher().finish() >> 16;
    hold(fresh..fresh + 300, plan);
}

#[test]
fn a_server_that_loses_doubles_and_swaps_is_seen_through() {
    hold(100_000..100_200, Plan::with_lossy_server);
}

#[test]
fn intruders_disturb_nobody() {
    hold(200_000..200_200, Plan::with_intruders);
}

#[test]
fn equal_seeds_are_equal_runs() {
    for seed in (0..2_000).step_by(50) {
        assert_eq!(run(seed).hash, run(seed).hash, "seed {seed}");
    }
    assert_ne!(run(1).hash, run(2).hash);
}

#[test]
fn a_frozen_tab_is_not_shut_out_for_being_late() {
    hold(0..200, |seed| Plan {
        active_ms: 20_000,
        delay_ms: (20, 800),
        faults: vec![(Fault::Freeze, 1_500), (Fault::Cut, 500)],
        ..calm(seed)
    });
}

#[test]
fn what_is_left_while_dialing_is_left_for_good() {
    check(|seed| Plan {
        act_ms: 60,
        faults: vec![(Fault::Cut, 1_500)],
        delay_ms: (5, 400),
        ..calm(seed)
    });
}

/// A disk, a clock and an operator that do all this, often.
fn troubled(seed: u64, faults: &[DiskFault]) -> Plan {
    Plan {
        disk: DiskPlan {
            faults: faults.to_vec(),
            every_ms: 400,
            journal_len_max: [1, 4, 20][(seed % 3) as usize],
        },
        act_ms: 100,
        ..calm(seed)
    }
}

#[test]
fn faulty_disk_loses_nothing_in_silence() {
    let outcomes = hold(400_000..400_100, |seed| troubled(seed, &DiskFault::ALL));
    for fault in DiskFault::ALL {
        let struck = |outcome: &Outcome| outcome.struck.get(fault.name()).copied();
        let count: u64 = outcomes.iter().filter_map(struck).sum();
        assert!(count > 20, "{} struck {count} times", fault.name());
    }
}

#[test]
fn failed_syncs_and_power_cuts_lose_nothing_and_change_no_epoch() {
    let faults = [
        DiskFault::FailedSync,
        DiskFault::PowerCut,
        DiskFault::CacheDrop,
        DiskFault::NoSpace,
        DiskFault::PassingErrors,
        DiskFault::ColdRead,
    ];
    hold(410_000..410_060, |seed| troubled(seed, &faults));
}

#[test]
fn wrong_clock_deletes_nothing_early_and_changes_no_epoch() {
    let max_age = Duration::from_secs(3);
    hold(420_000..420_040, |seed| {
        let mut plan = troubled(seed, &[DiskFault::ClockJump]);
        plan.topics[0].delivery = Delivery::Log { keep: 500, max_age };
        plan
    });
}

/// Readers so slow that their outboxes are full.
fn slow(seed: u64) -> Plan {
    let mut plan = calm(seed);
    (plan.slow_readers, plan.hub.outbox_len_max) = (1_000, 2_000);
    plan.filling_len_max = 60;
    plan.hub.reserve_len_max = answer_len_max(60);
    for topic in &mut plan.topics {
        (topic.source_ms, topic.burst) = (300, 12);
    }
    plan
}

#[test]
fn a_slow_reader_ends_with_the_latest_values() {
    check(slow);
}

#[test]
fn a_slow_reader_knows_who_came_and_went() {
    check(|seed| Plan {
        faults: vec![(Fault::Cut, 1_500), (Fault::Stop, 1_500)],
        ..slow(seed)
    });
}

#[test]
fn retention_that_overtakes_a_slow_reader_is_said() {
    check(|seed| {
        let mut plan = slow(seed);
        let max_age = Duration::from_secs(3600);
        plan.topics[1].delivery = Delivery::Log { keep: 3, max_age };
        plan
    });
}

#[test]
fn many_pages_at_once_fit_where_only_one_does() {
    let outcomes = hold(0..20, |seed| {
        let mut plan = slow(seed);
        let max_age = Duration::from_secs(3600);
        for topic in &mut plan.topics {
            topic.delivery = Delivery::Log { keep: 200, max_age };
            topic.source_ms = 100;
        }
        plan.filling_len_max = 900;
        plan.hub.reserve_len_max = answer_len_max(900);
        plan.faults = vec![(Fault::Cut, 800)];
        // Nobody asks for anything but the topics.
        (plan.active_ms, plan.act_ms) = (6_000, 1_000_000);
        plan
    });
    assert!(outcomes.iter().all(|outcome| outcome.overflows == 0));
}

#[test]
fn fan_out_that_comes_late_repeats_nothing() {
    check(|seed| Plan {
        late_fan_out: true,
        lag_ms: 400,
        ..slow(seed)
    });
}

/// Each user has a window of ids: whatever others send meanwhile, a retry is a duplicate.
#[test]
fn many_users_press_on_a_topic_and_retries_have_no_second_effect() {
    hold(400_000..400_040, |seed| {
        let mut plan = Plan {
            crowd: 40,
            act_ms: 300,
            active_ms: 15_000,
            filling_len_max: 4,
            faults: vec![(Fault::Cut, 1_500), (Fault::Restart, 3_000)],
            ..calm(seed)
        };
        for topic in &mut plan.topics {
            (topic.source_ms, topic.burst) = (if topic.delivery.is_log() { 300 } else { 0 }, 20);
        }
        plan
    });
}

#[test]
fn a_page_that_lost_its_end_is_noticed() {
    hold(300_000..300_200, |seed| Plan {
        hostility: crate::Hostility::LossyServer { permille: 100 },
        ..calm(seed)
    });
}

/// The checker is no yes-man: it finds out a server that loses, doubles and swaps what it promised.
/// Where little is delivered, there may be nothing to find.
#[test]
fn a_liar_is_found_out() {
    let runs: Vec<Outcome> = (0..60)
        .map(|seed| World::new(Plan::with_liar(seed)).run())
        .collect();
    let believed = runs.iter().filter(|run| run.failure.is_none());
    let delivered: Vec<u64> = believed.map(|run| run.deliveries).collect();
    assert!(delivered.iter().all(|count| *count < 30), "{delivered:?}");
    assert!(delivered.len() < 6, "{delivered:?}");
}
