//! `cargo xtask dev`: the server and `trunk serve`, both following edits, in one terminal.
//!
//! trunk looks after the web app; this module looks after the server. Ctrl-C ends both.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use crate::fingerprint::files_below;
use crate::process;
use crate::run::{self, serve_args};
use crate::tools::{trunk, wasm_bindgen, wasm_target};
use crate::web_build;
use crate::workspace::Workspace;

/// Where trunk serves the app, and as which origins the server then sees it.
const APP: &str = "http://127.0.0.1:8080";
const ORIGINS: [&str; 2] = [APP, "http://localhost:8080"];

/// Runs until Ctrl-C, or until trunk ends.
pub(crate) fn dev(workspace: &Workspace, args: &[String]) -> Result<()> {
    wasm_target::ensure()?;
    let mut trunk = trunk_serve(workspace)?;
    // The terminal tells our children too; this makes us wait for them, and ends them when
    // only we are told.
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stopped);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .context("cannot listen for Ctrl-C")?;

    let mut server = Server::new(workspace, args);
    server.rebuild();
    eprintln!(
        "==> the app: {APP} (served by trunk, which asks the server at {})",
        run::ADDRESS
    );
    let mut trunk = trunk.spawn().context("cannot start trunk serve")?;
    let result = watch(&mut server, &mut trunk, &stopped);
    process::stop(&mut trunk);
    server.stop();
    result
}

fn watch(server: &mut Server<'_>, trunk: &mut Child, stopped: &AtomicBool) -> Result<()> {
    loop {
        thread::sleep(LOOK_EVERY);
        // Asked first: on Ctrl-C the others end too, which is then no news.
        if stopped.load(Ordering::Relaxed) {
            return Ok(());
        }
        server.look()?;
        if let Some(status) = trunk.try_wait()? {
            bail!("trunk serve ended ({status})");
        }
    }
}

const LOOK_EVERY: Duration = Duration::from_millis(300);

fn trunk_serve(workspace: &Workspace) -> Result<Command> {
    let bindgen = wasm_bindgen::ensure(workspace)?;
    let mut trunk = process::command(trunk::ensure()?);
    trunk
        .args(["serve", "--skip-version-check", "--dist"])
        // Not web/dist: that is what release builds of the server embed.
        .arg(workspace.scratch()?.join("web-dev"))
        .current_dir(&workspace.package(web_build::PACKAGE)?.dir)
        .env("PATH", process::path_with([bindgen.as_path()])?)
        .env_remove("NO_COLOR");
    Ok(trunk)
}

/// The server in development: what it is built from, and its process.
struct Server<'a> {
    workspace: &'a Workspace,
    args: Vec<String>,
    seen: Sources,
    child: Option<Child>,
}

/// Every source file with the time of its last change.
type Sources = Vec<(PathBuf, SystemTime)>;

impl<'a> Server<'a> {
    fn new(workspace: &'a Workspace, args: &[String]) -> Self {
        let mut all = args.to_vec();
        all.extend(
            ORIGINS
                .iter()
                .flat_map(|&it| ["--allow-origin".to_owned(), it.to_owned()]),
        );
        Self {
            workspace,
            // trunk's proxy knows one address of the server, whatever the environment says.
            args: serve_args(&all, |_| false),
            seen: Sources::new(),
            child: None,
        }
    }

    /// Builds and starts it again if a source changed; tells when it ended by itself.
    fn look(&mut self) -> Result<()> {
        if let Some(child) = &mut self.child
            && let Some(status) = child.try_wait()?
        {
            eprintln!("==> the server ended ({status}); it starts again at the next edit");
            self.child = None;
        }
        if self.sources()? != self.seen {
            // Editors write several files one after the other.
            thread::sleep(LOOK_EVERY);
            self.rebuild();
        }
        Ok(())
    }

    /// A server that does not compile leaves the old one running.
    fn rebuild(&mut self) {
        if let Err(error) = self.try_rebuild() {
            eprintln!("==> {error:#}; waiting for the next edit");
        }
    }

    fn try_rebuild(&mut self) -> Result<()> {
        self.seen = self.sources()?;
        let mut cargo = self.workspace.cargo();
        cargo.args(["build", "--package", PACKAGE, "--bin", "trunkline"]);
        process::run(&mut cargo)?;
        self.stop();
        let mut server = process::command(self.workspace.program("debug", "trunkline"));
        server.args(&self.args).current_dir(&self.workspace.root);
        self.child = Some(server.spawn().context("cannot start the server")?);
        Ok(())
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            process::stop(&mut child);
        }
    }

    fn sources(&self) -> Result<Sources> {
        let mut files = vec![self.workspace.root.join("Cargo.lock")];
        for package in self.workspace.with_imports(PACKAGE)? {
            files.extend(files_below(&package.dir, &["target", "tests"])?);
        }
        // A file that vanished between listing and looking is noticed the next time.
        Ok(files
            .into_iter()
            .filter_map(|it| Some((it.clone(), changed_at(&it)?)))
            .collect())
    }
}

const PACKAGE: &str = "trunkline-server";

fn changed_at(file: &PathBuf) -> Option<SystemTime> {
    std::fs::metadata(file).ok()?.modified().ok()
}
