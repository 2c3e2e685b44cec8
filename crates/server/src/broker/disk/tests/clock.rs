//! Wrong clocks: what is kept ages by the store's own time, whatever the wall clock says at a start.

use std::time::Duration;

use super::*;
use crate::clock::by_hand::Hand;

/// A day in 2026, and how long [`LOG`] keeps events.
const TODAY: u64 = 20_787;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Ends the broker, and starts another by the same machine's clocks.
fn restart(bench: Bench, machine: &'static Hand) -> Bench {
    Bench::by_clock(end(bench), machine.start())
}

async fn sweep(bench: &Bench) {
    bench.broker.sweep(Arc::new(|_| false)).await;
}

/// Everything is there under the epoch that it had, after a sweep that looks for what is too old,
/// and the command that made it is known.
async fn check_kept(bench: &Bench, epoch: trunkline_protocol::Epoch, count: usize) {
    sweep(bench).await;
    assert_eq!(bench.after("chat:a", 0).await.len(), count);
    assert_eq!(bench.position("chat:a").await.epoch, epoch);
    let again = bench.publish("chat:a", key(1, 1), "before").await;
    assert!(again.duplicate);
}

#[tokio::test]
async fn a_start_ten_days_ahead_deletes_nothing() {
    let machine = Hand::at_day(TODAY);
    let bench = Bench::by_clock(TempDir::new().expect("a folder"), machine.start());
    let epoch = bench
        .publish("chat:a", key(1, 1), "before")
        .await
        .position
        .epoch;

    machine.set_day(TODAY + 10);
    let bench = restart(bench, machine);
    check_kept(&bench, epoch, 1).await;
    bench.publish("chat:a", key(1, 2), "ahead").await;
    check_kept(&bench, epoch, 2).await;

    machine.set_day(TODAY);
    let bench = restart(bench, machine);
    check_kept(&bench, epoch, 2).await;
    bench.publish("chat:a", key(1, 3), "right again").await;
    let bench = restart(bench, machine);
    check_kept(&bench, epoch, 3).await;
}

#[tokio::test]
async fn a_start_in_2016_that_is_corrected_deletes_nothing() {
    let machine = Hand::at_day(TODAY - 3650);
    let bench = Bench::by_clock(TempDir::new().expect("a folder"), machine.start());
    let epoch = bench
        .publish("chat:a", key(1, 1), "before")
        .await
        .position
        .epoch;
    // The clock is corrected while the server runs.
    machine.set_day(TODAY);
    bench.publish("chat:a", key(1, 2), "after").await;
    check_kept(&bench, epoch, 2).await;

    let bench = restart(bench, machine);
    check_kept(&bench, epoch, 2).await;
    // And a store that has known better starts in 2016.
    machine.set_day(TODAY - 3650);
    let bench = restart(bench, machine);
    check_kept(&bench, epoch, 2).await;
}

#[tokio::test]
async fn time_that_a_server_runs_ages_what_is_kept_over_restarts() {
    let machine = Hand::at_day(TODAY);
    let mut bench = Bench::by_clock(TempDir::new().expect("a folder"), machine.start());
    let before = bench.publish("chat:a", key(1, 1), "before").await.position;
    // An idle server that is stopped in order, twice.
    for _ in 0..2 {
        machine.pass(DAY / 2 - Duration::from_millis(1));
        bench = restart(bench, machine);
        check_kept(&bench, before.epoch, 1).await;
        machine.set_day(TODAY);
    }
    machine.pass(Duration::from_millis(3));
    assert_eq!(bench.after("chat:a", 0).await, []);
    sweep(&bench).await;
    assert_ne!(bench.position("chat:a").await.epoch, before.epoch);
}

/// The folder of a server that is idle is what a crash would leave.
#[tokio::test]
async fn an_idle_server_that_crashes_is_younger_by_an_hour_at_most() {
    let machine = Hand::at_day(TODAY);
    let bench = Bench::by_clock(TempDir::new().expect("a folder"), machine.start());
    bench.publish("chat:a", None, "before").await;
    for _ in 0..47 {
        machine.pass(HOUR / 2);
        sweep(&bench).await;
    }
    let crashed = TempDir::new().expect("a folder");
    Snapshot::take(bench.folder.path()).put_back(crashed.path());
    let left = Bench::by_clock(crashed, machine.start());
    assert_eq!(left.after("chat:a", 0).await.len(), 1, "it is 23 hours old");
    machine.pass(HOUR + Duration::from_millis(1));
    assert_eq!(left.after("chat:a", 0).await, [], "it is a day old");
}

#[tokio::test]
async fn an_id_is_remembered_for_a_day_of_the_stores_time() {
    let machine = Hand::at_day(TODAY);
    let bench = Bench::by_clock(TempDir::new().expect("a folder"), machine.start());
    bench.publish("chat:a", key(1, 1), "first").await;
    machine.pass(DAY);
    machine.set_day(TODAY + 100);
    let bench = restart(bench, machine);
    assert!(bench.publish("chat:a", key(1, 1), "first").await.duplicate);
    machine.pass(Duration::from_millis(1));
    assert!(!bench.publish("chat:a", key(1, 1), "first").await.duplicate);
}

/// The time goes on from the store's, not from the clock of the process that opens it again.
#[tokio::test]
async fn a_store_that_is_opened_again_after_a_failure_keeps_its_time() {
    let machine = Hand::at_day(TODAY);
    let bench = Bench::by_clock(TempDir::new().expect("a folder"), machine.start());
    let epoch = bench
        .publish("chat:a", key(1, 1), "before")
        .await
        .position
        .epoch;
    machine.set_day(TODAY + 10);
    let bench = restart(bench, machine);
    let fault = history(&bench.folder).with_extension("fault");
    fs::write(&fault, "before").expect("a disk");
    let refused = append(key(1, 2), "2");
    let refused = bench.broker.publish(&name("chat:a"), LOG, refused).await;
    assert_eq!(refused, Err(BrokerError::Unavailable));
    fs::remove_file(&fault).expect("a file of the test");
    machine.pass(Duration::from_secs(2));
    bench.publish("chat:a", key(1, 2), "2").await;
    check_kept(&bench, epoch, 2).await;
}
