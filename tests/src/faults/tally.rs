//! The tally: what the rounds of a scenario came to.

use std::fmt;

use super::ledger::{Fates, Ledger};

/// Sums over rounds.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Rounds that were run; crash points of the scenario `crash`.
    pub rounds: usize,
    /// Fates of acknowledged events.
    pub fates: Fates,
    /// Requests that were refused as unavailable while the server ran.
    pub refused: usize,
    /// Starts that the server refused with a line, as the scenario allows.
    pub starts_refused: usize,
    /// Rounds in which the server met the damage while it ran, for the scenario `rot`.
    pub damage_met: usize,
    /// Broken promises, in words.
    pub violations: Vec<String>,
}

impl Tally {
    /// Adds what a ledger has seen.
    pub(crate) fn add_ledger(&mut self, ledger: &Ledger) {
        self.add_fates(ledger.fates());
        self.violations.extend_from_slice(ledger.violations());
    }

    fn add_fates(&mut self, fates: Fates) {
        self.fates.acknowledged += fates.acknowledged;
        self.fates.kept += fates.kept;
        self.fates.told += fates.told;
        self.fates.lost += fates.lost;
    }

    /// Adds another tally.
    pub fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.add_fates(other.fates);
        self.refused += other.refused;
        self.starts_refused += other.starts_refused;
        self.damage_met += other.damage_met;
        self.violations.extend(other.violations);
    }

    /// Tells whether every promise was kept.
    pub fn holds(&self) -> bool {
        self.fates.lost == 0 && self.violations.is_empty()
    }

    /// Names of the columns of a row.
    pub fn header() -> String {
        row("scenario", COLUMNS)
    }

    /// Formats the tally as a row under [`Self::header`].
    pub fn row(&self, scenario: &str) -> String {
        let Fates {
            acknowledged,
            kept,
            told,
            lost,
        } = self.fates;
        let broken = self.violations.len();
        let numbers = [
            self.rounds,
            acknowledged,
            kept,
            told,
            lost,
            self.refused,
            self.starts_refused,
            broken,
        ];
        row(scenario, numbers)
    }
}

const COLUMNS: [&str; 8] = [
    "rounds",
    "acknowledged",
    "kept",
    "told",
    "lost",
    "refused",
    "no start",
    "broken",
];

fn row<T: fmt::Display>(scenario: &str, cells: [T; 8]) -> String {
    let mut row = format!("{scenario:<12}");
    for cell in cells {
        row.push_str(&format!(" {cell:>12}"));
    }
    row
}
