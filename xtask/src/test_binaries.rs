//! Compiles every native test once, and runs the programs in the order we like.
//!
//! `cargo test -p X` and then `cargo test -p Y` would choose different features for the crates
//! they share, and compile the server twice.

use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::check::NOT_NATIVE;
use crate::process;
use crate::test_count::TestCount;
use crate::workspace::Workspace;

/// A compiled test program.
#[derive(Debug)]
pub(crate) struct TestBinary {
    pub(crate) package: String,
    name: String,
    dir: PathBuf,
    program: PathBuf,
}

/// Compiles the tests of all native members.
pub(crate) fn compile(workspace: &Workspace) -> Result<Vec<TestBinary>> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace"]).args(NOT_NATIVE);
    cargo.args(["--no-run", "--message-format", "json-render-diagnostics"]);
    let messages = process::capture(&mut cargo)?;
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(messages
        .filter_map(|message| TestBinary::parse(workspace, &message))
        .collect())
}

impl TestBinary {
    fn parse(workspace: &Workspace, message: &Value) -> Option<Self> {
        if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
            return None;
        }
        let dir = Path::new(message["manifest_path"].as_str()?).parent()?;
        let package = workspace
            .packages
            .iter()
            .find(|package| package.dir == dir)?;
        Some(Self {
            package: package.name.clone(),
            name: message["target"]["name"].as_str()?.to_owned(),
            dir: dir.to_owned(),
            program: PathBuf::from(message["executable"].as_str()?),
        })
    }

    /// Prepares a run as cargo would: in the package's folder, with its variables.
    pub(crate) fn command(&self) -> Result<Command> {
        let mut command = process::command(&self.program);
        command
            .current_dir(&self.dir)
            .env("CARGO_MANIFEST_DIR", &self.dir)
            .env("CARGO_PKG_NAME", &self.package)
            .stdin(Stdio::null());
        if std::io::stdout().is_terminal() {
            command.arg("--color=always");
        }
        let sysroot = process::capture(process::command("rustc").args(["--print", "sysroot"]))?;
        // The tests of a procedural macro load the compiler's own libraries.
        let libraries = [Path::new(sysroot.trim()).join("lib")];
        let rest = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let libraries = libraries.into_iter().chain(std::env::split_paths(&rest));
        command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries)?);
        Ok(command)
    }

    /// What to call it in the output.
    pub(crate) fn title(&self) -> String {
        if self.name == self.package.replace('-', "_") {
            return self.package.clone();
        }
        format!("{} ({})", self.package, self.name)
    }
}

/// Runs a test command, passes on what it prints, and counts. Tells whether it succeeded.
pub(crate) fn run_and_count(command: &mut Command) -> Result<(bool, TestCount)> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", process::shown(command)))?;
    let mut count = TestCount::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.context("cannot read a test's output")?;
            count.add_line(&String::from_utf8_lossy(&line));
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(&line)?;
            stdout.write_all(b"\n")?;
        }
    }
    Ok((child.wait()?.success(), count))
}
