//! A report: what a scenario found, as tables for people and as JSON for programs.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::machine::Machine;
use crate::table::Table;

/// What a scenario found.
pub(crate) struct Report {
    scenario: &'static str,
    quick: bool,
    machine: Option<Machine>,
    tables: Vec<(String, Option<Table>)>,
    figures: Map<String, Value>,
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
