//! `cargo xtask fuzz`: what a peer may send, made up by libFuzzer for as long as one likes.

use std::fs;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Builds the fuzz target and runs it on the corpus that earlier runs left in
/// `target/fuzz-corpus`, or on one input, which is how a failure is replayed.
pub(crate) fn fuzz(workspace: &Workspace, secs: u32, input: Option<&str>) -> Result<()> {
    let host = process::capture(process::command("rustc").args(["--print", "host-tuple"]))?;
    let target = workspace.target.join("fuzz");
    let mut cargo = workspace.cargo();
    cargo
        .args(["build", "--release", "--quiet", "--locked"])
        .args(["--manifest-path", "crates/websocket/fuzz/Cargo.toml"])
        // With a target named, the flags do not reach build scripts, which have no libFuzzer.
        .args(["--target", host.trim()])
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", COVERAGE.join(" "));
    process::run(&mut cargo)?;

    let corpus = workspace.target.join("fuzz-corpus");
    fs::create_dir_all(&corpus)?;
    let program = target.join(host.trim()).join("release/fuzz");
    let mut fuzz = process::command(program);
    fuzz.current_dir(&workspace.root)
        .env("RUST_BACKTRACE", "0")
        .arg(format!("-artifact_prefix={}/", target.display()));
    if let Some(input) = input {
        return process::run(fuzz.arg(input));
    }
    fuzz.args(["-print_final_stats=1", "-print_funcs=0", "-len_control=10"])
        .arg(format!("-max_total_time={secs}"))
        .arg(corpus);
    let log = target.join("log");
    process::run_aside("fuzz", &mut fuzz, &log)?;
    let told = fs::read_to_string(&log)?;
    for line in told.lines().filter_map(|line| line.strip_prefix("stat::")) {
        println!("{line}");
    }
    Ok(())
}

/// What cargo-fuzz tells rustc, without the sanitizers that need a nightly: no code of ours is
/// unsafe, so a panic is what there is to find.
const COVERAGE: [&str; 6] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];
