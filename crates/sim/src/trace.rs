//! The trace: what happened, as a hash to compare two runs and as the last lines for people.

use std::collections::VecDeque;
use std::fmt;

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) at_ms: u64,
    pub(crate) what: &'static str,
    pub(crate) who: u64,
    pub(crate) detail: [u64; 2],
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at_ms,
            what,
            who,
            detail: [first, second],
        } = self;
        write!(f, "{at_ms:>7} ms  {what:<22} {who:>4}  {first} {second}")
    }
}

/// What happened in a run.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    steps: u64,
    kept: usize,
    last: VecDeque<Step>,
}

impl Trace {
    /// A trace that keeps the last `kept` steps.
    pub(crate) fn new(kept: usize) -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            steps: 0,
            kept: kept.max(1),
            last: VecDeque::new(),
        }
    }

    pub(crate) fn note(&mut self, step: Step) {
        let mut mix = |number: u64| {
            self.hash = (self.hash ^ number)
                .wrapping_mul(0x0100_0000_01b3)
                .rotate_left(23);
        };
        mix(step.at_ms);
        step.what.bytes().for_each(|byte| mix(u64::from(byte)));
        mix(step.who);
        mix(step.detail[0]);
        mix(step.detail[1]);
        self.steps += 1;
        if self.last.len() == self.kept {
            self.last.pop_front();
        }
        self.last.push_back(step);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) fn last(&self) -> Vec<String> {
        self.last.iter().map(Step::to_string).collect()
    }
}
