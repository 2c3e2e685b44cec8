//! The simulated device: what its faults do to what was written.

use super::{Commit, Device};
use crate::random::Random;

fn device() -> Device {
    let mut device = Device::new(Random::new(1));
    device.create_journal(1).expect("there is space");
    device
}

fn append(device: &mut Device, number: u64) {
    let changes = Vec::new().into();
    let commit = Commit { number, changes };
    device.append(1, commit).expect("there is space");
}

/// The numbers of the commits that can be read.
fn read(device: &Device) -> Vec<u64> {
    device.commits(1).map(|commit| commit.number).collect()
}

#[test]
fn synced_commit_survives_a_power_cut() {
    let mut device = device();
    append(&mut device, 1);
    device.sync_journal(1).expect("it is synced");
    assert!(!device.cut_power());
    assert_eq!(read(&device), [1]);
}

#[test]
fn failed_sync_shows_what_is_not_there_and_later_syncs_do_not_write_it() {
    let mut lost = 0;
    for seed in 0..20 {
        let mut device = device();
        device.random = Random::new(seed);
        append(&mut device, 1);
        device.failing_syncs = 1;
        assert!(device.sync_journal(1).is_err());
        assert_eq!(read(&device), [1], "the page cache has it");
        append(&mut device, 2);
        device.sync_journal(1).expect("the next one succeeds");
        assert_eq!(read(&device), [1, 2]);
        device.drop_cache();
        // What follows the hole is on the device and cannot be reached.
        lost += usize::from(read(&device).is_empty());
    }
    assert!((1..20).contains(&lost), "{lost} of 20 were lost");
}

#[test]
fn unsynced_commits_are_lost_or_kept_by_a_power_cut() {
    let kept = (0..40).filter(|seed| {
        let mut device = device();
        device.random = Random::new(*seed);
        append(&mut device, 1);
        device.cut_power();
        !read(&device).is_empty()
    });
    assert!((1..40).contains(&kept.count()));
}

#[test]
fn lying_device_keeps_nothing_but_the_watermark() {
    let mut device = device();
    append(&mut device, 1);
    device.sync_journal(1).expect("it is synced");
    device.write_watermark(1);
    device.begin_lying(1);
    append(&mut device, 2);
    device.sync_journal(1).expect("it says so");
    device.write_watermark(2);
    assert_eq!(read(&device), [1, 2]);
    assert!(device.cut_power());
    assert_eq!(read(&device), [1]);
    assert_eq!(device.watermark(), Some(Some(2)));
}
