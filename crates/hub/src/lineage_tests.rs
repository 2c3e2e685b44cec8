//! Cases in which epochs stay, and in which every topic gets a new one.

use super::{Found, Identity, Lineage, Renewal, Watermark};

/// A store with 7 commits that nothing happened to.
const WHOLE: Found = Found {
    commits: Some(7),
    watermark: Watermark::Commits(7),
    identity: Identity::Same,
    marked: false,
    damaged: false,
};

fn check(found: Found, expected: Lineage) {
    assert_eq!(found.lineage(), expected, "{found:?}");
}

fn check_renewed(found: Found, expected: Renewal) {
    check(found, Lineage::Renewed(expected));
}

#[test]
fn store_that_was_only_closed_or_killed_keeps_its_epochs() {
    check(WHOLE, Lineage::Same);
    // The watermark is written after the commit, so that a kill between leaves it behind.
    let watermark = Watermark::Commits(6);
    check(Found { watermark, ..WHOLE }, Lineage::Same);
}

#[test]
fn empty_folder_is_a_new_store() {
    let new = Found {
        commits: None,
        watermark: Watermark::Missing,
        identity: Identity::Missing,
        ..WHOLE
    };
    check(new, Lineage::New);
    let watermark = Watermark::Commits(0);
    check(Found { watermark, ..new }, Lineage::New);
}

#[test]
fn store_behind_its_watermark_is_renewed() {
    let watermark = Watermark::Commits(9);
    check_renewed(Found { watermark, ..WHOLE }, Renewal::Behind { lost: 2 });
    let emptied = Found {
        commits: None,
        identity: Identity::Missing,
        ..WHOLE
    };
    check_renewed(emptied, Renewal::Behind { lost: 7 });
}

#[test]
fn store_without_a_readable_watermark_is_renewed() {
    let watermark = Watermark::Missing;
    check_renewed(Found { watermark, ..WHOLE }, Renewal::WatermarkMissing);
    let watermark = Watermark::Damaged;
    check_renewed(Found { watermark, ..WHOLE }, Renewal::WatermarkDamaged);
}

#[test]
fn copied_restored_and_damaged_stores_are_renewed() {
    let identity = Identity::Other;
    check_renewed(Found { identity, ..WHOLE }, Renewal::Copied);
    let identity = Identity::Missing;
    check_renewed(Found { identity, ..WHOLE }, Renewal::NoIdentity);
    let (marked, damaged) = (true, true);
    check_renewed(Found { damaged, ..WHOLE }, Renewal::Damaged);
    check_renewed(Found { marked, ..WHOLE }, Renewal::Marked);
}

/// All combinations of what can be found, with few numbers.
fn all() -> impl Iterator<Item = Found> {
    let commits = [None, Some(0), Some(1), Some(5), Some(u64::MAX)];
    let watermarks = [
        Watermark::Missing,
        Watermark::Damaged,
        Watermark::Commits(0),
        Watermark::Commits(4),
        Watermark::Commits(5),
        Watermark::Commits(6),
        Watermark::Commits(u64::MAX),
    ];
    let identities = [Identity::Missing, Identity::Same, Identity::Other];
    (0..5 * 7 * 3 * 4).map(move |at| Found {
        commits: commits[at % 5],
        watermark: watermarks[at / 5 % 7],
        identity: identities[at / 35 % 3],
        marked: at / 105 % 2 == 1,
        damaged: at / 210 == 1,
    })
}

#[test]
fn only_a_whole_store_in_its_own_folder_keeps_its_epochs() {
    for found in all() {
        let promise_kept = match found.watermark {
            Watermark::Commits(promised) => found.commits.is_some_and(|it| it >= promised),
            Watermark::Missing | Watermark::Damaged => false,
        };
        let whole =
            promise_kept && found.identity == Identity::Same && !found.marked && !found.damaged;
        assert_eq!(found.lineage() == Lineage::Same, whole, "{found:?}");
    }
}

#[test]
fn only_a_store_that_promised_nothing_is_new() {
    for found in all().filter(|found| found.lineage() == Lineage::New) {
        let promised_nothing =
            matches!(found.watermark, Watermark::Missing | Watermark::Commits(0));
        let empty = found.commits.is_none() && promised_nothing;
        assert!(empty && !found.marked && !found.damaged, "{found:?}");
    }
}

#[test]
fn no_two_commits_have_one_number() {
    for found in all() {
        let next = found.next_commit();
        assert!(found.commits.is_none_or(|it| next > it || next == u64::MAX));
        if let Watermark::Commits(promised) = found.watermark {
            assert!(next > promised || next == u64::MAX, "{found:?}");
        }
    }
    let watermark = Watermark::Commits(9);
    assert_eq!(Found { watermark, ..WHOLE }.next_commit(), 10);
}
