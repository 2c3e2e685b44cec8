//! The Rust files of all members, and their code without comments.

use std::fs;

use anyhow::{Context, Result};

use crate::fingerprint::files_below;
use crate::workspace::Workspace;

/// A Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path below the workspace's root, with `/` on every system.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// Reads every member's files.
    pub(crate) fn read_all(workspace: &Workspace) -> Result<Vec<Self>> {
        let mut sources = Vec::new();
        for package in &workspace.packages {
            // xtask/wasm-bindgen lies inside xtask: it is read as a package of its own.
            for file in files_below(&package.dir, &["dist", "target", "wasm-bindgen"])? {
                if file.extension().is_none_or(|ending| ending != "rs") {
                    continue;
                }
                let path = file.strip_prefix(&workspace.root).unwrap_or(&file);
                sources.push(Self {
                    path: path.to_string_lossy().replace('\\', "/"),
                    text: fs::read_to_string(&file)
                        .with_context(|| format!("cannot read {}", file.display()))?,
                });
            }
        }
        Ok(sources)
    }

    /// The numbered lines, each up to its comment. A line inside a text that has `//` in it is
    /// cut there too, which hides little.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines.map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default()))
    }
}
