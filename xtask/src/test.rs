//! `cargo xtask test`: everything that must pass, on a machine that has nothing yet.
//!
//! What the steps need is installed beside the first of them.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::check::{self, NOT_NATIVE};
use crate::fingerprint::files_below;
use crate::full_build;
use crate::process;
use crate::test_binaries::{self, TestBinary, run_and_count};
use crate::test_count::TestCount;
use crate::tools::{
    binaryen, browser, cargo_deny, curl, kosoku, node_packages, schemathesis, strace, trunk,
    wasm_bindgen, wasm_target, websockets,
};
use crate::workspace::Workspace;

/// A part of `cargo xtask test`, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Step {
    /// What `cargo xtask check` does
    Check,
    /// Unit and simulation tests, and the examples in the docs
    Unit,
    /// Tests that run inside a browser
    Web,
    /// The server in release with the web app inside
    Build,
    /// The whole system over real sockets, the conformance suite, real browsers
    System,
}

/// Runs the steps, or the one asked for, and prints a summary. The last line is the total.
pub(crate) fn test(workspace: &Workspace, only: Option<Step>, args: &[String]) -> Result<ExitCode> {
    let steps: Vec<_> = Step::value_variants()
        .iter()
        .copied()
        .filter(|&step| only.is_none_or(|only| only == step))
        .collect();
    let run = thread::scope(|scope| {
        if only.is_none() {
            scope.spawn(|| install_ahead(workspace));
        }
        let run = Run::all(workspace, &steps, args);
        if run.failed {
            process::cancel_aside();
        }
        run
    });
    run.print();
    Ok(if run.failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Installs while the first step compiles. An error here is not lost: the step that needs the
/// tool tries again and tells.
fn install_ahead(workspace: &Workspace) {
    let _ = binaryen::ensure();
    let _ = kosoku::ensure();
    let _ = schemathesis::ensure();
    let _ = websockets::ensure();
    let _ = node_packages::ensure_judges(&workspace.root);
    let _ = browser::ensure();
    let _ = cargo_deny::ensure();
    let _ = trunk::ensure();
}

struct Run {
    lines: Vec<String>,
    count: TestCount,
    failed: bool,
}

impl Run {
    fn all(workspace: &Workspace, steps: &[Step], args: &[String]) -> Self {
        let mut run = Self {
            lines: Vec::new(),
            count: TestCount::default(),
            failed: false,
        };
        for &step in steps {
            if run.failed {
                run.lines.push(format!("{:<8} not run", step.name()));
                continue;
            }
            println!("\n=== {}", step.name());
            let started = Instant::now();
            let outcome = step.run(workspace, args);
            run.note(step, &outcome, started.elapsed());
        }
        run
    }

    fn note(&mut self, step: Step, outcome: &Result<Outcome>, took: Duration) {
        let (verdict, count) = match outcome {
            Ok(outcome) if outcome.failed.is_empty() => ("ok".to_owned(), outcome.count),
            Ok(outcome) => (
                format!("FAILED in {}", outcome.failed.join(", ")),
                outcome.count,
            ),
            Err(error) => {
                eprintln!("error: {error:#}");
                ("FAILED".to_owned(), TestCount::default())
            }
        };
        self.failed |= verdict != "ok";
        self.count.add(count);
        let mut line = format!(
            "{:<8} {:>6.1} s  {verdict}",
            step.name(),
            took.as_secs_f64()
        );
        if count.any() {
            line.push_str(&format!(", {count}"));
        }
        println!("=== {line}");
        self.lines.push(line);
    }

    fn print(&self) {
        println!("\n=== summary");
        for line in &self.lines {
            println!("{line}");
        }
        println!(
            "{}",
            if self.failed {
                "something failed"
            } else {
                "everything passed"
            }
        );
        println!("total: {}", self.count);
    }
}

/// What a step found.
#[derive(Default)]
struct Outcome {
    count: TestCount,
    failed: Vec<String>,
}

impl Outcome {
    fn run(&mut self, title: &str, command: &mut Command) -> Result<()> {
        println!("--- {title}");
        let (passed, count) = run_and_count(command)?;
        self.count.add(count);
        if !passed {
            self.failed.push(title.to_owned());
        }
        Ok(())
    }
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Unit => "unit",
            Self::Web => "web",
            Self::Build => "build",
            Self::System => "system",
        }
    }

    fn run(self, workspace: &Workspace, args: &[String]) -> Result<Outcome> {
        match self {
            Self::Check => check::check(workspace).map(|()| Outcome::default()),
            Self::Unit => unit(workspace, args),
            Self::Web => web(workspace, args),
            Self::Build => full_build::build(workspace).map(|()| Outcome::default()),
            Self::System => system(workspace, args),
        }
    }
}

fn unit(workspace: &Workspace, args: &[String]) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for test in test_binaries::compile(workspace)?
        .iter()
        .filter(|test| !is_system(test))
    {
        outcome.run(&test.title(), test.command()?.args(args))?;
    }
    let mut examples = workspace.cargo();
    examples
        .args(["test", "--workspace", "--doc", "--quiet"])
        .args(NOT_NATIVE);
    outcome.run("examples in the docs", examples.arg("--").args(args))?;
    Ok(outcome)
}

fn system(workspace: &Workspace, args: &[String]) -> Result<Outcome> {
    let program = workspace.program("release", "trunkline");
    if !program.exists() {
        bail!(
            "there is no {}: run `cargo xtask build` first",
            program.display()
        );
    }
    let browser = browser::ensure()?;
    let kosoku = kosoku::ensure()?;
    let schemathesis = schemathesis::ensure()?;
    curl::ensure()?;
    strace::ensure()?;
    let python = websockets::ensure()?;
    let judges = node_packages::ensure_judges(&workspace.root)?;
    let mut outcome = Outcome::default();
    for test in test_binaries::compile(workspace)?
        .iter()
        .filter(|test| is_system(test))
    {
        let mut command = test.command()?;
        command
            .env("TRUNKLINE_BIN", &program)
            .env("TRUNKLINE_CHROMIUM", &browser.chromium)
            .env("TRUNKLINE_CHROMEDRIVER", &browser.chromedriver)
            .env("TRUNKLINE_KOSOKU", &kosoku)
            .env("TRUNKLINE_SCHEMATHESIS", &schemathesis)
            .env("TRUNKLINE_PYTHON", &python)
            .env("TRUNKLINE_NODE_JUDGES", &judges);
        outcome.run(&test.title(), command.args(args))?;
    }
    Ok(outcome)
}

fn is_system(test: &TestBinary) -> bool {
    test.package == "trunkline-tests"
}

fn web(workspace: &Workspace, args: &[String]) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for name in ["trunkline-client", "trunkline-web"] {
        let package = workspace.package(name)?;
        if !has_browser_tests(&package.dir)? {
            println!("--- {name}: no tests in a browser");
            continue;
        }
        wasm_target::ensure()?;
        let runner = wasm_bindgen::ensure(workspace)?.join("wasm-bindgen-test-runner");
        let browser = browser::ensure()?;
        let mut cargo = workspace.cargo();
        cargo
            .args([
                "test",
                "--target",
                wasm_target::TARGET,
                "--package",
                name,
                "--",
            ])
            .args(args)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
            .env("CHROMEDRIVER", &browser.chromedriver)
            .env(
                "WASM_BINDGEN_TEST_WEBDRIVER_JSON",
                webdriver_json(workspace, &browser.chromium)?,
            );
        outcome.run(&format!("{name} in a browser"), &mut cargo)?;
    }
    Ok(outcome)
}

fn has_browser_tests(dir: &Path) -> Result<bool> {
    let sources = files_below(dir, &["dist", "target"])?;
    let mut sources = sources
        .iter()
        .filter(|file| file.extension().is_some_and(|it| it == "rs"));
    Ok(sources.any(|file| fs::read_to_string(file).is_ok_and(|text| text.contains(BROWSER_TEST))))
}

const BROWSER_TEST: &str = "wasm_bindgen_test";

/// Tells the runner which browser, and to keep it quiet and without a sandbox (we may be root).
fn webdriver_json(workspace: &Workspace, chromium: &Path) -> Result<std::path::PathBuf> {
    let args = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
                --disable-background-networking --disable-component-update --disable-sync \
                --disable-dev-shm-usage";
    let json = serde_json::json!({
        "goog:chromeOptions": {
            "binary": chromium,
            "args": args.split_whitespace().collect::<Vec<_>>(),
        }
    });
    let file = workspace.scratch()?.join("webdriver.json");
    fs::write(&file, json.to_string())
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
