//! A report: what a scenario found, as tables for people and as JSON for programs.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::machine::Machine;
use crate::spread::Spread;
use crate::table::Table;

/// What a scenario found.
pub(crate) struct Report {
    scenario: &'static str,
    quick: bool,
    machine: Option<Machine>,
    tables: Vec<(String, Option<Table>)>,
    figures: Map<String, Value>,
    verdicts: Vec<Verdict>,
}

/// A figure beside what it should be at most.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// What is compared, such as `1,000 readers: trunkline / bun`.
    pub(crate) label: String,
    pub(crate) found: Spread,
    pub(crate) at_most: Option<f64>,
    /// Whether it is a ratio of two contenders, and belongs on the chart.
    pub(crate) is_ratio: bool,
}

impl Verdict {
    /// Whether the median is what it should be. Nothing where nothing was asked for.
    pub(crate) fn met(&self) -> Option<bool> {
        self.at_most.map(|most| self.found.median <= most)
    }

    fn cells(&self) -> Vec<String> {
        let digits = if self.found.median < 10.0 { 3 } else { 1 };
        let target = self
            .at_most
            .map_or_else(String::new, |it| format!("{it:.2}"));
        let met = match self.met() {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "",
        };
        let found = self.found.cells(digits).to_vec();
        [
            vec![self.label.clone()],
            found,
            vec![target, met.to_owned()],
        ]
        .concat()
    }

    fn json(&self) -> Value {
        json!({
            "label": self.label,
            "found": self.found.json(),
            "at_most": self.at_most,
            "met": self.met(),
            "is_ratio": self.is_ratio,
        })
    }
}

impl Report {
    /// An empty report.
    pub(crate) fn new(scenario: &'static str, quick: bool) -> Self {
        Self {
            scenario,
            quick,
            machine: None,
            tables: Vec::new(),
            figures: Map::new(),
            verdicts: Vec::new(),
        }
    }

    /// Adds a table for people.
    pub(crate) fn table(&mut self, title: impl Into<String>, table: Table) {
        self.tables.push((title.into(), Some(table)));
    }

    /// Adds a sentence for people.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.tables.push((text.into(), None));
    }

    /// Adds a figure for programs.
    pub(crate) fn figure(&mut self, name: impl Into<String>, value: Value) {
        self.figures.insert(name.into(), value);
    }

    /// Adds figures beside their targets, for people and for programs.
    pub(crate) fn verdicts(&mut self, title: impl Into<String>, verdicts: Vec<Verdict>) {
        let head = [
            "",
            "quartile 1",
            "median",
            "quartile 3",
            "target, at most",
            "",
        ];
        let mut table = Table::new(&head);
        for verdict in &verdicts {
            table.row(verdict.cells());
        }
        self.table(title, table);
        self.verdicts.extend(verdicts);
    }

    /// Tells what the machine did meanwhile.
    pub(crate) fn set_machine(&mut self, machine: Machine) {
        self.machine = Some(machine);
    }

    /// Writes `SCENARIO.json` into a folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(format!("{}.json", self.scenario));
        let machine = self.machine.as_ref().map(|machine| {
            json!({
                "cores": machine.cores,
                "load_before": machine.load.0,
                "load_after": machine.load.1,
                "cpu_of_others": machine.others,
            })
        });
        let json = json!({
            "scenario": self.scenario,
            "quick": self.quick,
            "machine": machine,
            "figures": self.figures,
            "verdicts": self.verdicts.iter().map(Verdict::json).collect::<Vec<_>>(),
        });
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, format!("{json:#}\n")))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quick = if self.quick { ", quick" } else { "" };
        writeln!(f, "\n## {}{quick}\n", self.scenario)?;
        if let Some(machine) = &self.machine {
            writeln!(
                f,
                "{} cores, load {:.1} before and {:.1} after, {:.0} % of the processors' time \
                 for others",
                machine.cores,
                machine.load.0,
                machine.load.1,
                machine.others * 100.0
            )?;
        }
        for (title, table) in &self.tables {
            writeln!(f, "\n{title}")?;
            if let Some(table) = table {
                write!(f, "\n{table}")?;
            }
        }
        Ok(())
    }
}
