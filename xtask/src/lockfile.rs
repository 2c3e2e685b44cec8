//! Cargo.lock, read without a parser of its whole format: packages and what they import.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The locked packages.
#[derive(Debug)]
pub(crate) struct Lockfile {
    packages: BTreeMap<(String, String), Vec<String>>,
}

impl Lockfile {
    /// Reads the lock file of the workspace at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(root.join("Cargo.lock")).context("no Cargo.lock")?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let mut packages = BTreeMap::new();
        for block in text.split("[[package]]").skip(1) {
            let field = |name: &str| {
                let start = format!("{name} = \"");
                let line = block
                    .lines()
                    .find_map(|line| line.strip_prefix(start.as_str()))?;
                line.strip_suffix('"').map(str::to_owned)
            };
            let (Some(name), Some(version)) = (field("name"), field("version")) else {
                continue;
            };
            let imports = block
                .lines()
                .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
                .map(str::to_owned)
                .collect();
            packages.insert((name, version), imports);
        }
        Self { packages }
    }

    /// The version of a package that must be there exactly once.
    pub(crate) fn version(&self, name: &str) -> Result<&str> {
        let mut versions = self.versions(name);
        match (versions.next(), versions.next()) {
            (Some(version), None) => Ok(version),
            (None, _) => bail!("Cargo.lock has no {name}"),
            (Some(one), Some(other)) => bail!("Cargo.lock has {name} {one} and {other}"),
        }
    }

    /// A package and all it is built from, as `name version`.
    pub(crate) fn closure(&self, name: &str) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        let mut open = vec![(name.to_owned(), self.version(name)?.to_owned())];
        while let Some(package) = open.pop() {
            if !found.insert(format!("{} {}", package.0, package.1)) {
                continue;
            }
            for import in self.packages.get(&package).into_iter().flatten() {
                let mut words = import.split(' ');
                let name = words.next().unwrap_or_default();
                let version = match words.next() {
                    Some(version) => version,
                    None => self.version(name)?,
                };
                open.push((name.to_owned(), version.to_owned()));
            }
        }
        Ok(found)
    }

    fn versions(&self, name: &str) -> impl Iterator<Item = &str> {
        let packages = self.packages.keys().filter(move |(other, _)| other == name);
        packages.map(|(_, version)| version.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "base 2.0.0",
 "leaf",
]

[[package]]
name = "base"
version = "1.0.0"

[[package]]
name = "base"
version = "2.0.0"
source = "registry"
dependencies = [
 "leaf",
]

[[package]]
name = "leaf"
version = "0.3.1"
"#;

    #[test]
    fn a_closure_follows_the_version_that_is_named() {
        let lockfile = Lockfile::parse(TEXT);
        let found: Vec<_> = lockfile
            .closure("app")
            .expect("a closure")
            .into_iter()
            .collect();
        assert_eq!(found, ["app 0.1.0", "base 2.0.0", "leaf 0.3.1"]);
    }

    #[test]
    fn a_version_is_only_told_when_there_is_one() {
        let lockfile = Lockfile::parse(TEXT);
        assert_eq!(lockfile.version("leaf").expect("one"), "0.3.1");
        assert!(lockfile.version("base").is_err());
        assert!(lockfile.version("other").is_err());
    }
}
