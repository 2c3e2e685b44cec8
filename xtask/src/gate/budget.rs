//! The budget: what may be needed, and what is said about what was.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// What things may cost, by their names.
type Amounts = Vec<(String, u64)>;

/// The budget, as its file has it.
#[derive(Debug)]
pub(crate) struct Budget {
    /// How much more may be needed, in percent. More than twice as much below is worth a word.
    slack_percent: u64,
    /// The kind of processor whose instructions are counted, as Rust calls it.
    pub(crate) machine: String,
    pub(crate) instructions: Amounts,
    pub(crate) page_bytes: Amounts,
}

impl Budget {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the budget {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no budget", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let json: Map<String, Value> = serde_json::from_str(text)?;
        let field = |name: &str| json.get(name).with_context(|| format!("it lacks {name}"));
        let amounts = |name: &str| -> Result<Amounts> {
            let all = field(name)?.as_object().context("not names and numbers")?;
            all.iter()
                .map(|(name, amount)| {
                    let amount = amount.as_u64().filter(|it| *it > 0);
                    Ok((
                        name.clone(),
                        amount.with_context(|| format!("{name}: not above 0"))?,
                    ))
                })
                .collect()
        };
        let machine = field("machine")?.as_str().context("machine: not a name")?;
        Ok(Self {
            slack_percent: field("slack_percent")?
                .as_u64()
                .context("not a percentage")?,
            machine: machine.to_owned(),
            instructions: amounts("instructions")?,
            page_bytes: amounts("page_bytes")?,
        })
    }

    /// Compares what was measured with one part of the budget.
    pub(crate) fn judge(&self, allowed: &Amounts, measured: &Amounts) -> Judged {
        let find = |all: &Amounts, name: &str| all.iter().find(|it| it.0 == name).map(|it| it.1);
        let of_measured = measured.iter().map(|(name, amount)| {
            let budget = find(allowed, name);
            let verdict = budget.map_or(Verdict::NoBudget, |it| self.verdict(*amount, it));
            (name.clone(), Some(*amount), budget, verdict)
        });
        let forgotten = allowed
            .iter()
            .filter(|(name, _)| find(measured, name).is_none())
            .map(|(name, budget)| (name.clone(), None, Some(*budget), Verdict::NotMeasured));
        Judged(of_measured.chain(forgotten).collect())
    }

    fn verdict(&self, measured: u64, budget: u64) -> Verdict {
        let (measured, one) = (u128::from(measured) * 100, u128::from(budget));
        let slack = u128::from(self.slack_percent);
        if measured > one * (100 + slack) {
            Verdict::Above
        } else if measured < one * 100_u128.saturating_sub(2 * slack) {
            Verdict::FarBelow
        } else {
            Verdict::Within
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Within,
    Above,
    /// It got better by so much that the budget would not notice if that were lost again.
    FarBelow,
    NoBudget,
    NotMeasured,
}

/// Measured beside allowed. Shown as a table.
pub(crate) struct Judged(Vec<(String, Option<u64>, Option<u64>, Verdict)>);

impl Judged {
    /// What must not stay so.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let complaint =
            |(name, measured, budget, verdict): &(String, Option<u64>, Option<u64>, _)| {
                let (measured, budget) = (measured.unwrap_or(0), budget.unwrap_or(0));
                match verdict {
                    Verdict::Above => Some(format!(
                        "{name}: {measured} is {} % above the budget of {budget}",
                        (measured - budget) * 100 / budget
                    )),
                    Verdict::NoBudget => {
                        Some(format!("{name}: has no budget, and needs {measured}"))
                    }
                    Verdict::NotMeasured => {
                        Some(format!("{name}: has a budget, and nobody measures it"))
                    }
                    Verdict::Within | Verdict::FarBelow => None,
                }
            };
        self.0.iter().filter_map(complaint).collect()
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|row| row.0.len()).max().unwrap_or(0);
        let dashes = "-".repeat(width);
        writeln!(f, "| {:width$} | measured |   budget | ratio |", "")?;
        writeln!(f, "|-{dashes}-|---------:|---------:|------:|")?;
        for (name, measured, budget, verdict) in &self.0 {
            let number = |it: &Option<u64>| it.map_or_else(String::new, |it| it.to_string());
            let ratio = match (measured, budget) {
                (Some(measured), Some(budget)) => {
                    format!("{:.2}", *measured as f64 / *budget as f64)
                }
                _ => String::new(),
            };
            let word = match verdict {
                Verdict::Within => "",
                Verdict::Above => " ABOVE",
                Verdict::FarBelow => " far below: tighten the budget",
                Verdict::NoBudget => " NO BUDGET",
                Verdict::NotMeasured => " NOT MEASURED",
            };
            let (measured, budget) = (number(measured), number(budget));
            writeln!(
                f,
                "| {name:width$} | {measured:>8} | {budget:>8} | {ratio:>5} |{word}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
        "slack_percent": 5, "machine": "x86_64",
        "instructions": { "a": 1000 }, "page_bytes": { "wasm": 1 }
    }"#;

    fn amounts(all: &[(&str, u64)]) -> Amounts {
        all.iter()
            .map(|(name, it)| ((*name).to_owned(), *it))
            .collect()
    }

    fn check(measured: &[(&str, u64)], verdict: Verdict, complaint: Option<&str>) {
        let budget = Budget::parse(TEXT).expect("a budget");
        let judged = budget.judge(&budget.instructions, &amounts(measured));
        let last = judged.0.last().expect("a row");
        assert_eq!(last.3, verdict, "{measured:?}");
        let expected: Vec<_> = complaint.map(str::to_owned).into_iter().collect();
        assert_eq!(judged.complaints(), expected);
    }

    #[test]
    fn what_is_above_the_slack_fails_and_what_is_far_below_is_named() {
        check(&[("a", 1000)], Verdict::Within, None);
        check(&[("a", 1050)], Verdict::Within, None);
        let above = "a: 1051 is 5 % above the budget of 1000";
        check(&[("a", 1051)], Verdict::Above, Some(above));
        check(&[("a", 900)], Verdict::Within, None);
        check(&[("a", 899)], Verdict::FarBelow, None);
    }

    #[test]
    fn budget_and_measurements_have_the_same_names() {
        let missing = "b: has no budget, and needs 7";
        check(&[("a", 1000), ("b", 7)], Verdict::NoBudget, Some(missing));
        let forgotten = "a: has a budget, and nobody measures it";
        check(&[], Verdict::NotMeasured, Some(forgotten));
    }

    #[test]
    fn a_budget_of_nothing_is_refused() {
        assert!(Budget::parse(&TEXT.replace("1000", "0")).is_err());
        assert!(Budget::parse("{}").is_err());
    }

    #[test]
    fn the_table_tells_the_ratio() {
        let budget = Budget::parse(TEXT).expect("a budget");
        let judged = budget.judge(&budget.instructions, &amounts(&[("a", 1500)]));
        assert!(
            judged
                .to_string()
                .contains("| a |     1500 |     1000 |  1.50 | ABOVE")
        );
    }
}
