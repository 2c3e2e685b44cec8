//! Trouble: makes the disk, the clock and the operator do what the plan says.

use super::record::Key;
use crate::agenda::Happening;
use crate::disk_plan::DiskFault;
use crate::server::Server;
use crate::setting::Setting;

/// The most snapshots that an operator keeps.
const SNAPSHOTS_MAX: usize = 3;

/// An hour, a year and thirty years.
const CLOCK_ERRORS_MS: [i64; 3] = [3_600_000, 31_536_000_000, 946_080_000_000];

/// Returns true if a fault needs a server that is not running.
pub(crate) fn stops_the_server(fault: DiskFault) -> bool {
    match fault {
        DiskFault::PowerCut
        | DiskFault::ClockJump
        | DiskFault::WatermarkLoss
        | DiskFault::Restore => true,
        DiskFault::FailedSync
        | DiskFault::LyingSync
        | DiskFault::CacheDrop
        | DiskFault::BitFlip
        | DiskFault::LostRecord
        | DiskFault::StaleRead
        | DiskFault::Misdirected
        | DiskFault::PassingErrors
        | DiskFault::NoSpace
        | DiskFault::Snapshot
        | DiskFault::ColdRead => false,
    }
}

impl Server {
    /// Lets a fault happen. Returns whether there was something for it to strike.
    pub(crate) fn trouble_disk(&mut self, setting: &mut Setting, fault: DiskFault) -> bool {
        let device = &mut self.disk.device;
        match fault {
            DiskFault::FailedSync => {
                device.good_syncs = device.random.below(4);
                device.failing_syncs = device.random.between(1, 3);
            }
            DiskFault::LyingSync => device.begin_lying(self.disk.promised),
            DiskFault::PowerCut => self.disk.harm.all |= device.cut_power(),
            DiskFault::CacheDrop => device.drop_cache(),
            DiskFault::BitFlip => {
                let hit = device.flip(self.disk.promised);
                self.hurt(hit);
            }
            DiskFault::LostRecord => {
                return hit_by(device.lose()).is_some_and(|hit| self.hurt(hit));
            }
            DiskFault::StaleRead => return hit_by(device.age()).is_some_and(|hit| self.hurt(hit)),
            DiskFault::Misdirected => {
                let Some(hit) = device.misdirect() else {
                    return false;
                };
                for key in hit {
                    self.hurt(Some(key));
                }
            }
            DiskFault::PassingErrors => {
                device.failing_calls = true;
                let ms = device.random.between(50, 3_000);
                setting.put_in(ms, Happening::DiskRecovers(fault));
            }
            DiskFault::NoSpace => {
                device.full = true;
                let ms = device.random.between(50, 4_000);
                setting.put_in(ms, Happening::DiskRecovers(fault));
            }
            DiskFault::ClockJump => {
                let error_ms = device.random.pick(&CLOCK_ERRORS_MS);
                let sign = device.random.pick(&[-1, 0, 1]);
                self.disk.clock_error_ms = sign * error_ms;
            }
            DiskFault::WatermarkLoss => {
                device.files.remove_watermark();
                self.disk.harm.all = true;
            }
            DiskFault::Snapshot => {
                let snapshot = device.snapshot();
                self.disk.snapshots.push(snapshot);
                if self.disk.snapshots.len() > SNAPSHOTS_MAX {
                    self.disk.snapshots.remove(0);
                }
            }
            DiskFault::Restore => return self.restore_snapshot(),
            DiskFault::ColdRead => {
                let topic = device.random.below(self.topics.len() as u64) as usize;
                self.read_cold(setting, topic);
            }
        }
        true
    }

    /// A fault that lasts ends.
    pub(crate) fn recover_disk(&mut self, fault: DiskFault) {
        match fault {
            DiskFault::NoSpace => self.disk.device.full = false,
            _ => self.disk.device.failing_calls = false,
        }
    }

    /// Nothing fails any more.
    pub(crate) fn heal_disk(&mut self) {
        self.disk.device.heal();
    }

    /// Notes what a fault may cost. Always true.
    fn hurt(&mut self, hit: Option<Key>) -> bool {
        match hit {
            Some(Key::Event(topic, _) | Key::Command(topic, _)) => {
                self.disk.harm.topics.insert(topic);
            }
            Some(Key::Own | Key::Topic(_)) | None => self.disk.harm.all = true,
        }
        true
    }

    /// An operator deletes the folder of the store, and the watermark with it or not.
    pub(in crate::server) fn delete_store(&mut self) {
        let device = &mut self.disk.device;
        let mut files = device.files.with_store_of(&super::Image::default());
        if device.random.chance(500) {
            files.remove_watermark();
        }
        device.replace(files);
        self.disk.harm.all = true;
    }

    /// An operator restores a snapshot, in one of the ways that the server can notice: as a copy,
    /// with the command that marks it, or the store's folder alone.
    fn restore_snapshot(&mut self) -> bool {
        let promised = self.disk.promised;
        let device = &mut self.disk.device;
        if self.disk.snapshots.is_empty() {
            return false;
        }
        let at = device.random.below(self.disk.snapshots.len() as u64) as usize;
        let snapshot = self.disk.snapshots[at].clone();
        match device.random.below(3) {
            0 => {
                device.replace(snapshot);
                device.renew_marker();
            }
            1 if device.tells(promised) => {
                let files = device.files.with_store_of(&snapshot);
                device.replace(files);
            }
            _ => {
                device.replace(snapshot);
                device.files.marked = true;
            }
        }
        self.disk.harm.all = true;
        true
    }
}

/// Wraps a record that was hit.
fn hit_by(key: Option<Key>) -> Option<Option<Key>> {
    key.map(Some)
}
