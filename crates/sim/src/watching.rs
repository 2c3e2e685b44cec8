//! Watching: a run step by step, with what is seen of it, for those who want to look.

use crate::client::Client;
use crate::plan::Plan;
use crate::sight::{ClientState, Sight};
use crate::world::{World, end_ms};
use crate::{Failure, Outcome, Violation};

impl World {
    /// The world of a plan, before anything has happened, with somebody who watches. What is seen
    /// is to be taken from time to time, or it is kept in memory.
    ///
    /// Watching changes nothing: the outcome is that of [`World::run`].
    pub fn watched(plan: Plan) -> Self {
        let mut world = Self::new(plan);
        world.setting.seen = Some(Vec::new());
        world
    }

    /// What was seen since the last call, in order.
    pub fn take_seen(&mut self) -> Vec<Sight> {
        self.setting
            .seen
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.setting.plan
    }

    /// The time in the run, in milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.setting.agenda.now_ms()
    }

    /// When the next thing happens; None when the run is over.
    pub fn next_ms(&self) -> Option<u64> {
        let next = self.setting.agenda.next_ms();
        next.filter(|_| !self.is_over())
    }

    /// When the run ends, unless something that must hold does not.
    pub fn end_ms(&self) -> u64 {
        end_ms(self.plan())
    }

    /// Whether the run is over.
    pub fn is_over(&self) -> bool {
        self.over || self.violation().is_some()
    }

    /// What does not hold, if something does not.
    pub fn violation(&self) -> Option<&Violation> {
        self.setting.checker.failure.as_ref()
    }

    /// The clients as they are now, in order.
    pub fn clients(&self) -> impl ExactSizeIterator<Item = ClientState> {
        self.clients.iter().map(Client::state)
    }

    /// How many programs break the rules.
    pub fn intruders(&self) -> usize {
        self.intruders.len()
    }

    /// Whether the server is there.
    pub fn is_server_up(&self) -> bool {
        self.server.up
    }

    /// What has become of the run so far.
    pub fn outcome(&self) -> Outcome {
        let failure = self.violation().map(|violation| Failure {
            seed: self.plan().seed,
            violation: violation.clone(),
            last: self.setting.trace.last(),
        });
        Outcome {
            hash: self.setting.trace.hash(),
            steps: self.happenings + self.setting.trace.steps(),
            deliveries: self.setting.checker.deliveries,
            faults: self.struck.values().sum(),
            struck: self.struck.clone(),
            overflows: self.server.overflows,
            virtual_ms: self.now_ms(),
            failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::{Mood, Sight, World, plan, run};

    #[test]
    fn watching_changes_nothing() {
        for seed in 0..60 {
            let mut world = World::watched(plan(seed));
            let mut sent = 0;
            while world.step() {
                let seen = world.take_seen();
                sent += seen
                    .iter()
                    .filter(|it| matches!(it, Sight::Sent(_)))
                    .count();
            }
            assert_eq!(world.outcome(), run(seed), "seed {seed}");
            assert!(world.is_over() && world.next_ms().is_none());
            assert_eq!(world.now_ms(), world.end_ms());
            assert!(sent > 20, "seed {seed}: {sent} were seen");
        }
    }

    #[test]
    fn what_is_seen_fits_together() {
        let mut faults = BTreeMap::new();
        for seed in 0..60 {
            let mut world = World::watched(plan(seed));
            let mut before_ms = 0;
            while world.step() {
                assert!(world.clients().len() >= 2);
                for sight in world.take_seen() {
                    match sight {
                        Sight::Sent(flight) => {
                            assert_eq!(flight.leaves_ms, world.now_ms());
                            assert!(flight.arrives_ms.is_none_or(|at| at >= flight.leaves_ms));
                            assert!(before_ms <= flight.leaves_ms);
                            before_ms = flight.leaves_ms;
                        }
                        Sight::Struck { fault, .. } => {
                            *faults.entry(fault.name()).or_insert(0) += 1;
                        }
                        _ => {}
                    }
                }
            }
            let live = world.clients().filter(|it| it.mood == Mood::Live);
            let stopped = world.clients().filter(|it| it.mood == Mood::Stopped);
            assert_eq!(live.count() + stopped.count(), world.clients().len());
            assert!(world.is_server_up());
        }
        assert_eq!(faults.len(), 6, "{faults:?}");
    }

    #[test]
    fn nothing_is_kept_where_nobody_watches() {
        let mut world = World::new(plan(1));
        while world.step() {}
        assert!(world.take_seen().is_empty());
    }
}
