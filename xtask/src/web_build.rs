//! Builds the web app with trunk into `web/dist`, where the server embeds it from.
//!
//! When nothing that the app is built from has changed, this only reads files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::fingerprint::{Fingerprint, files_below};
use crate::tools::{binaryen, trunk, wasm_bindgen, wasm_target};
use crate::workspace::Workspace;
use crate::{dist, precompress, process};

/// The web app's package.
pub(crate) const PACKAGE: &str = "trunkline-web";

/// The web app's profile in release, as its index.html and the workspace's Cargo.toml call it.
const PROFILE: &str = "wasm-release";

/// A build of the web app, wanted or already there.
pub(crate) struct WebBuild<'a> {
    workspace: &'a Workspace,
    wasm_opt: Option<PathBuf>,
    inputs: String,
}

impl<'a> WebBuild<'a> {
    /// Looks at what the app would be built from.
    pub(crate) fn new(workspace: &'a Workspace) -> Result<Self> {
        let wasm_opt = binaryen::ensure()?;
        let inputs = inputs(workspace, wasm_opt.is_some())?;
        Ok(Self {
            workspace,
            wasm_opt,
            inputs,
        })
    }

    /// Whether wasm-opt and node are there, so that the app gets as small as it can.
    pub(crate) fn is_optimized(&self) -> bool {
        self.wasm_opt.is_some() && process::find("node").is_some()
    }

    /// Names what the app is built from.
    pub(crate) fn inputs(&self) -> &str {
        &self.inputs
    }

    /// Whether `web/dist` holds what the last build left, and that build had these inputs.
    pub(crate) fn is_fresh(&self) -> Result<bool> {
        let note = fs::read_to_string(self.note()?).unwrap_or_default();
        let dist = self.dist();
        Ok(dist.join("index.html").exists() && note == self.told_by_note()?)
    }

    /// Compiles the app without trunk, for the time in which trunk itself is being compiled.
    pub(crate) fn compile_ahead(&self) -> Result<()> {
        let mut cargo = self.workspace.cargo();
        cargo.args(["build", "--package", PACKAGE, "--profile", PROFILE]);
        cargo.args(["--target", wasm_target::TARGET]);
        process::run(strip_names_unless(&mut cargo, self.wasm_opt.is_some()))
    }

    /// Builds the app and brings `web/dist` in line with it.
    pub(crate) fn build(&self) -> Result<()> {
        let started = Instant::now();
        let stage = self.workspace.scratch()?.join("web");
        self.run_trunk(&stage)?;
        precompress::precompress(&stage, &self.dist())?;
        let changes = dist::sync(&stage, &self.dist())?;
        fs::write(self.note()?, self.told_by_note()?).context("cannot note the build")?;
        let secs = started.elapsed().as_secs_f64();
        eprintln!("==> web app: {changes} files changed, {secs:.1} s");
        Ok(())
    }

    fn run_trunk(&self, stage: &Path) -> Result<()> {
        let bindgen = wasm_bindgen::ensure(self.workspace)?;
        let mut trunk = process::command(trunk::ensure()?);
        trunk
            .args(["build", "--skip-version-check", "--locked", "--dist"])
            .arg(stage);
        if self.wasm_opt.is_some() {
            trunk.arg("--release");
        } else {
            // In release trunk insists on wasm-opt, and would try to download it.
            trunk.args(["--cargo-profile", PROFILE]);
        }
        let tools = [Some(bindgen.as_path()), self.wasm_opt.as_deref()];
        trunk
            .current_dir(self.workspace.package(PACKAGE)?.dir.as_path())
            .env("PATH", process::path_with(tools.into_iter().flatten())?)
            // trunk takes only "true" and "false" here, and fails at the usual "1".
            .env_remove("NO_COLOR");
        process::run(strip_names_unless(&mut trunk, self.wasm_opt.is_some()))
    }

    fn told_by_note(&self) -> Result<String> {
        let mut outputs = Fingerprint::new();
        let dist = self.dist();
        for file in files_below(&dist, &[])? {
            outputs.add_file(&dist, &file)?;
        }
        Ok(format!(
            "inputs {} outputs {}\n",
            self.inputs,
            outputs.finish()
        ))
    }

    fn note(&self) -> Result<PathBuf> {
        Ok(self.workspace.scratch()?.join("web-build"))
    }

    fn dist(&self) -> PathBuf {
        self.workspace.root.join("web/dist")
    }
}

/// wasm-opt removes the names of functions itself; where it is missing, rustc has to.
fn strip_names_unless(command: &mut Command, wasm_opt: bool) -> &mut Command {
    if wasm_opt {
        return command;
    }
    command.env("CARGO_PROFILE_WASM_RELEASE_STRIP", "true")
}

fn inputs(workspace: &Workspace, wasm_opt: bool) -> Result<String> {
    let mut fingerprint = Fingerprint::new();
    fingerprint.add(trunk::key().as_bytes());
    fingerprint.add(wasm_bindgen::key(workspace)?.as_bytes());
    fingerprint.add(&[u8::from(wasm_opt)]);
    fingerprint.add(
        std::env::var_os("RUSTFLAGS")
            .unwrap_or_default()
            .as_encoded_bytes(),
    );
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        ".cargo/config.toml",
    ] {
        fingerprint.add_file(&workspace.root, &workspace.root.join(name))?;
    }
    for package in workspace.with_imports(PACKAGE)? {
        for file in files_below(&package.dir, &["dist", "target", "node_modules"])? {
            fingerprint.add_file(&workspace.root, &file)?;
        }
    }
    Ok(fingerprint.finish())
}
