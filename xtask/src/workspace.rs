//! What cargo knows about this workspace: where it is, its packages and their local imports.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The workspace, as `cargo metadata --no-deps` describes it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) dir: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// An entry in a member's manifest.
#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) dev: bool,
    pub(crate) local: bool,
}

impl Workspace {
    /// Asks cargo; needs no network.
    pub(crate) fn load() -> Result<Self> {
        let root = root();
        let text = process::capture(
            process::cargo()
                .args(["metadata", "--no-deps", "--format-version", "1"])
                .current_dir(&root),
        )?;
        let json: Value = serde_json::from_str(&text).context("cargo metadata printed no JSON")?;
        let packages = json["packages"]
            .as_array()
            .context("cargo metadata names no packages")?;
        Ok(Self {
            target: PathBuf::from(text_of(&json, "target_directory")?),
            packages: packages.iter().map(Package::parse).collect::<Result<_>>()?,
            root,
        })
    }

    /// The member of this name.
    pub(crate) fn package(&self, name: &str) -> Result<&Package> {
        self.packages
            .iter()
            .find(|package| package.name == name)
            .with_context(|| format!("the workspace has no package {name}"))
    }

    /// A member and every member it is built from.
    pub(crate) fn with_imports(&self, name: &str) -> Result<Vec<&Package>> {
        let mut seen = BTreeSet::new();
        let mut open = vec![name];
        let mut found = Vec::new();
        while let Some(name) = open.pop() {
            if !seen.insert(name.to_owned()) {
                continue;
            }
            let package = self.package(name)?;
            let imports = package.dependencies.iter().filter(|it| it.local && !it.dev);
            open.extend(imports.map(|it| it.name.as_str()));
            found.push(package);
        }
        Ok(found)
    }

    /// Cargo, about to work in this workspace.
    pub(crate) fn cargo(&self) -> std::process::Command {
        let mut cargo = process::cargo();
        cargo.current_dir(&self.root);
        cargo
    }

    /// The program that a profile's build leaves behind.
    pub(crate) fn program(&self, profile_dir: &str, name: &str) -> PathBuf {
        self.target
            .join(profile_dir)
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// Where xtask keeps notes and intermediate results.
    pub(crate) fn scratch(&self) -> Result<PathBuf> {
        let dir = self.target.join("xtask");
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(dir)
    }
}

impl Package {
    fn parse(json: &Value) -> Result<Self> {
        let manifest = PathBuf::from(text_of(json, "manifest_path")?);
        let dependencies = json["dependencies"]
            .as_array()
            .context("no dependencies listed")?;
        Ok(Self {
            name: text_of(json, "name")?.to_owned(),
            version: text_of(json, "version")?.to_owned(),
            dir: manifest
                .parent()
                .context("a manifest has no folder")?
                .to_owned(),
            dependencies: dependencies
                .iter()
                .map(Dependency::parse)
                .collect::<Result<_>>()?,
        })
    }
}

impl Dependency {
    fn parse(json: &Value) -> Result<Self> {
        Ok(Self {
            name: text_of(json, "name")?.to_owned(),
            dev: json["kind"] == "dev",
            local: json["path"].is_string(),
        })
    }
}

fn text_of<'a>(json: &'a Value, key: &str) -> Result<&'a str> {
    json[key]
        .as_str()
        .with_context(|| format!("cargo left out {key}"))
}

fn root() -> PathBuf {
    // Asked at run time first: a program that was built before its clone moved still works.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}
