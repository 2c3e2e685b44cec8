//! The real server under faults, in short; `cargo xtask faults` runs many more rounds.

use trunkline_tests::ServerProcess;
use trunkline_tests::faults::{Plan, Scenario, Tally, run};

/// Runs a few rounds.
async fn check(scenario: Scenario, rounds: usize) {
    let plan = Plan {
        binary: ServerProcess::binary(),
        rounds,
        seed: 1,
        jobs: 2,
    };
    let tally = run(scenario, &plan).await;
    let tally = tally.expect("a machine that can have this fault");
    let (header, row) = (Tally::header(), tally.row(scenario.name()));
    assert!(
        tally.holds() && tally.rounds == rounds && tally.fates.acknowledged > 0,
        "{header}\n{row}\n{}",
        tally.violations.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crashes_at_random_syncs_writes_and_starts_lose_nothing() {
    check(Scenario::Crash, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn syncs_that_fail_for_a_while_lose_nothing() {
    check(Scenario::SyncErrors, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_files_of_a_stopped_server_lose_nothing_silently() {
    check(Scenario::Flip, 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_rots_below_a_running_server_loses_nothing_silently() {
    check(Scenario::Rot, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_cannot_be_opened_for_a_while_change_nothing() {
    check(Scenario::Passing, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_restore_a_backup_begins_another_epoch() {
    check(Scenario::Restore, 6).await;
}
