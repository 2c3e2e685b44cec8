//! Interest: which topics have readers on a shard, for those who publish, without a lock.
//!
//! Topics share counters, so that a shard may be told of a topic that nobody reads there. The other
//! way round can not happen: a reader is counted before it reads history, and a publication that
//! was appended after that read is told afterwards.

use std::sync::atomic::{AtomicU32, Ordering};

use trunkline_protocol::TopicName;

const COUNTERS: usize = 4096;

pub(crate) struct Interest(Box<[AtomicU32]>);

impl Default for Interest {
    fn default() -> Self {
        Self((0..COUNTERS).map(|_| AtomicU32::new(0)).collect())
    }
}

impl Interest {
    fn counter(&self, topic: &TopicName) -> &AtomicU32 {
        // FNV-1a: it need only spread names that people choose.
        let hash = topic
            .as_str()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        &self.0[(hash >> 32) as usize % COUNTERS]
    }

    pub(super) fn add(&self, topic: &TopicName) {
        self.counter(topic).fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn remove(&self, topic: &TopicName) {
        self.counter(topic).fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn has(&self, topic: &TopicName) -> bool {
        self.counter(topic).load(Ordering::SeqCst) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interest_lasts_as_long_as_its_last_reader() {
        let interest = Interest::default();
        let topic: TopicName = "chat:lobby".parse().expect("a topic");
        assert!(!interest.has(&topic));
        interest.add(&topic);
        interest.add(&topic);
        interest.remove(&topic);
        assert!(interest.has(&topic));
        interest.remove(&topic);
        assert!(!interest.has(&topic));
    }
}
