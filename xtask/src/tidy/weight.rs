//! How many crates come with `trunkline-protocol`: few, and as many as the README says.

use std::collections::BTreeSet;
use std::fs;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

const PACKAGE: &str = "trunkline-protocol";

/// Whoever uses the messages alone should not have to compile much.
const CRATES_MAX: usize = 19;

/// Marks the line of the README that tells the number.
const MARK: &str = "<!-- protocol-crates -->";

/// Counts, and compares with the limit and the README.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut cargo = workspace.cargo();
    cargo.args([
        "tree",
        "--package",
        PACKAGE,
        "--edges",
        "normal",
        "--prefix",
        "none",
    ]);
    let count = count(&process::capture(cargo.args(["--format", "{p}"]))?);
    let readme = fs::read_to_string(workspace.root.join("README.md")).unwrap_or_default();
    let mut complaints = Vec::new();
    if count > CRATES_MAX {
        complaints.push(format!(
            "{PACKAGE} brings {count} crates, the limit is {CRATES_MAX}"
        ));
    }
    match told(&readme) {
        Some(told) if told == count => {}
        Some(told) => complaints.push(format!(
            "README.md says {PACKAGE} brings {told} crates, it brings {count} (line with {MARK})"
        )),
        None => complaints.push(format!(
            "README.md must tell how many crates {PACKAGE} brings: \"{count} crates\" on a line \
             with {MARK}"
        )),
    }
    Ok(complaints)
}

/// Counts the packages in a tree without prefixes, the first line aside. A package that is
/// repeated ends in `(*)`; a local one tells its folder.
fn count(tree: &str) -> usize {
    let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let all: BTreeSet<_> = tree
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(name)
        .collect();
    all.len().saturating_sub(1)
}

fn told(readme: &str) -> Option<usize> {
    let line = readme.lines().find(|line| line.contains(MARK))?;
    let (before, _) = line.split_once(" crates")?;
    let digits = before
        .rsplit(|letter: char| !letter.is_ascii_digit())
        .next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_once_and_the_first_does_not() {
        let tree = "app v0.1.0 (/src/app)\nserde v1.0.1\nserde_core v1.0.1\nserde v1.0.1 (*)\n";
        assert_eq!(count(tree), 2);
    }

    #[test]
    fn the_readme_tells_a_number_before_the_word() {
        let line = format!("It brings **14 crates** and no runtime. {MARK}");
        assert_eq!(told(&line), Some(14));
        assert_eq!(told("It brings 14 crates."), None);
        assert_eq!(told(&format!("It brings few crates. {MARK}")), None);
    }
}
