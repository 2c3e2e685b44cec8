//! `cargo xtask bench --gate`: compares instructions and the page's size with a budget.
//!
//! Start at [`gate`]. [`instructions`] and [`page`] measure, [`budget`] judges. What is measured does
//! not depend on how busy the machine is.

mod budget;
mod instructions;
mod page;

use anyhow::{Result, ensure};

use self::budget::Budget;
use crate::workspace::Workspace;

/// Where the budget is kept.
const FILE: &str = "crates/cost/budget.json";

/// Measures, prints a table beside the budget, and fails if something is above it.
pub(crate) fn gate(workspace: &Workspace) -> Result<()> {
    let budget = Budget::read(&workspace.root.join(FILE))?;
    let mut failed = Vec::new();
    let counted = instructions::count(workspace)?;
    if budget.machine == std::env::consts::ARCH {
        let judged = budget.judge(&budget.instructions, &counted);
        println!("\nInstructions of one operation:\n\n{judged}");
        failed.extend(judged.complaints());
    } else {
        println!(
            "\nThe budget is of {}, this is {}: instructions are not compared.",
            budget.machine,
            std::env::consts::ARCH
        );
    }
    let sizes = page::sizes(workspace)?;
    let judged = budget.judge(&budget.page_bytes, &sizes);
    println!("\nBytes of the web app's WASM:\n\n{judged}");
    failed.extend(judged.complaints());
    ensure!(
        failed.is_empty(),
        "{}\nfind out why, or, if it is meant, write what was measured into {FILE}",
        failed.join("\n")
    );
    Ok(())
}
