//! `cargo xtask check`: everything that can be said about the code without running it.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::process;
use crate::schema;
use crate::tidy;
use crate::tools::{cargo_deny, wasm_target};
use crate::web_build;
use crate::workspace::Workspace;

/// Runs all checks, the quick ones first, and fails at the end if one did.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    wasm_target::ensure()?;
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        eprintln!("==> check: {name}");
        let started = Instant::now();
        let verdict = match check(workspace) {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                failed.push(name);
                format!("FAILED: {error:#}")
            }
        };
        eprintln!(
            "    {name}: {:.1} s, {verdict}",
            started.elapsed().as_secs_f64()
        );
    }
    ensure!(failed.is_empty(), "failed checks: {}", failed.join(", "));
    Ok(())
}

type Check = fn(&Workspace) -> Result<()>;

const CHECKS: [(&str, Check); 8] = [
    ("format", |workspace| cargo(workspace, "fmt --all --check")),
    ("tidy", tidy::tidy),
    ("lints", lints),
    ("lints for the browser", lints_for_the_browser),
    ("rules compile for the browser", rules_for_the_browser),
    ("descriptions", schema::check),
    ("licences and sources", deny),
    ("docs", docs),
];

/// Members that cargo's native commands leave out: the web app is for the browser, and the
/// wasm-bindgen tool is a few lines with a long compilation.
pub(crate) const NOT_NATIVE: [&str; 4] = [
    "--exclude",
    web_build::PACKAGE,
    "--exclude",
    "wasm-bindgen-tool",
];

fn lints(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["clippy", "--workspace", "--all-targets"])
        .args(NOT_NATIVE);
    process::run(cargo.args(["--", "-D", "warnings"]))
}

fn lints_for_the_browser(workspace: &Workspace) -> Result<()> {
    let target = wasm_target::TARGET;
    let packages = format!("-p {} -p trunkline-client", web_build::PACKAGE);
    cargo(
        workspace,
        &format!("clippy --target {target} {packages} -- -D warnings"),
    )
}

/// The lab runs the rules in the browser; a clock or a thread would compile there and panic.
fn rules_for_the_browser(workspace: &Workspace) -> Result<()> {
    let packages = tidy::RULES
        .map(|name| format!("-p trunkline-{name}"))
        .join(" ");
    cargo(
        workspace,
        &format!("check --target {} --lib {packages}", wasm_target::TARGET),
    )
}

fn deny(workspace: &Workspace) -> Result<()> {
    let mut deny = process::command(cargo_deny::ensure()?);
    // Advisories are left out: their database is not in a registry, and needs a network.
    deny.args([
        "--log-level",
        "error",
        "check",
        "bans",
        "licenses",
        "sources",
    ]);
    process::run(deny.current_dir(&workspace.root))
}

fn docs(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    // With `--examples` cargo chooses the same features as for the lints, and need not look at
    // every dependency again.
    cargo
        .args(["doc", "--workspace", "--no-deps", "--lib", "--examples"])
        .args(NOT_NATIVE);
    process::run(cargo.env("RUSTDOCFLAGS", "-D warnings"))
}

fn cargo(workspace: &Workspace, args: &str) -> Result<()> {
    let mut cargo: Command = workspace.cargo();
    process::run(cargo.args(args.split(' ')))
}
