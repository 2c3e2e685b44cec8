//! Stores that are older than what was acknowledged: copies, backups, and what a failed sync left.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use trunkline_protocol::GapCause;

use super::snapshot::Snapshot;
use super::{Bench, Kind, LOG, end, filled, history, key, name, until_it_works};
use crate::broker::disk::mark_as_restored;
use crate::broker::{BrokerError, conformance::append};

/// Opens a folder in which a history was put back that ends at event 3, where a reader has four.
async fn check_is_another_epoch(folder: TempDir, before: trunkline_protocol::Position) {
    let bench = Bench::in_folder(Kind::Disk, folder);
    let recovered = bench.broker.recover(&name("chat:a"), LOG, before).await;
    let (epoch, recovery) = recovered.expect("a broker that works");
    assert_ne!(epoch, before.epoch);
    assert_eq!(recovery.gap.map(|gap| gap.cause), Some(GapCause::Epoch));
    assert_eq!(
        recovery.page.publications.len(),
        3,
        "what is there is served"
    );
    let bench = bench.restart();
    assert_eq!(bench.position("chat:a").await.epoch, epoch, "once");
}

/// A folder with three events, a copy of its files, and the position of a fourth event.
async fn backed_up() -> (TempDir, Snapshot, trunkline_protocol::Position) {
    let folder = end(filled("chat:a", 3).await);
    let backup = Snapshot::take(folder.path());
    let bench = Bench::in_folder(Kind::Disk, folder);
    let before = bench.publish("chat:a", None, "acknowledged").await.position;
    (end(bench), backup, before)
}

#[tokio::test]
async fn a_backup_in_a_new_folder_begins_new_epochs() {
    let (folder, backup, before) = backed_up().await;
    fs::remove_file(folder.path().join("history.watermark")).expect("a disk");
    // Another file gets the number of the one that was removed, unless there is one between.
    fs::write(folder.path().join("between"), "").expect("a disk");
    backup.put_back(folder.path());
    check_is_another_epoch(folder, before).await;
}

#[tokio::test]
async fn a_backup_of_the_history_alone_begins_new_epochs() {
    let (folder, backup, before) = backed_up().await;
    let watermark = fs::read(folder.path().join("history.watermark")).expect("a file");
    backup.put_back(folder.path());
    fs::write(folder.path().join("history.watermark"), watermark).expect("a disk");
    check_is_another_epoch(folder, before).await;
}

#[tokio::test]
async fn a_backup_that_is_written_over_the_newer_files_begins_new_epochs() {
    let (folder, backup, before) = backed_up().await;
    backup.put_back(folder.path());
    check_is_another_epoch(folder, before).await;
}

/// A snapshot of the file system shows the same file with the same content: nobody can tell.
#[tokio::test]
async fn a_backup_that_is_marked_begins_new_epochs() {
    let (folder, backup, before) = backed_up().await;
    backup.put_back_as_it_was(folder.path());
    mark_as_restored(&history(&folder)).expect("a disk");
    check_is_another_epoch(folder, before).await;
}

#[tokio::test]
async fn a_moved_folder_is_the_same_store() {
    let bench = filled("chat:a", 3).await;
    let before = bench.position("chat:a").await;
    let folder = end(bench);
    let elsewhere = TempDir::new().expect("a folder for the test");
    fs::remove_dir(elsewhere.path()).expect("a disk");
    fs::rename(folder.path(), elsewhere.path()).expect("a disk");
    let bench = Bench::in_folder(Kind::Disk, elsewhere);
    assert_eq!(bench.position("chat:a").await, before);
}

/// A commit reaches the page cache, its sync fails, and the kernel takes its pages for written.
/// After a loss of power they are zeros, and whatever was appended behind them is out of reach.
#[tokio::test]
async fn nothing_rests_on_pages_that_a_failed_sync_left() {
    let bench = filled("chat:a", 3).await;
    let fault = history(&bench.folder).with_extension("fault");
    let (journal, synced) = journal(&bench.folder);
    fs::write(&fault, "after").expect("a disk");
    let refused = bench
        .broker
        .publish(&name("chat:a"), LOG, append(key(1, 4), "4"))
        .await;
    assert_eq!(refused, Err(BrokerError::Unavailable));
    fs::remove_file(&fault).expect("a file of the test");
    let placed = until_it_works(&bench, 4).await;
    assert_eq!((placed.position.offset, placed.duplicate), (4, true));
    for counter in 5..=8 {
        bench.publish("chat:a", key(1, counter), "later").await;
    }
    let before = bench.position("chat:a").await;
    let folder = end(bench);

    // The loss of power: of this journal, only what was synced is on the disk.
    if journal.exists() {
        let mut bytes = fs::read(&journal).expect("a journal");
        bytes[synced..].fill(0);
        fs::write(&journal, bytes).expect("a disk");
    }
    let bench = Bench::in_folder(Kind::Disk, folder);
    assert_eq!(bench.position("chat:a").await, before);
    assert_eq!(bench.after("chat:a", 0).await.len(), 8);
}

/// The journal that is written to, and how long it is.
fn journal(folder: &TempDir) -> (PathBuf, usize) {
    let files = Snapshot::take(folder.path());
    let journals = files.files().filter(|(name, bytes)| {
        name.extension().is_some_and(|extension| extension == "jnl") && !bytes.is_empty()
    });
    let (name, bytes) = journals.last().expect("a journal");
    (folder.path().join(name), bytes.len())
}
