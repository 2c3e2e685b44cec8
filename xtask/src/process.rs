//! Child processes: started with a clean environment, waited for, named when they fail.
//!
//! Everything that xtask starts goes through [`command`].

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// Prepares a child process without what `cargo run` told xtask about itself.
///
/// Some build scripts watch variables such as `CARGO_PKG_NAME`; a build started from
/// here would not share its results with a plain `cargo build`.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            command.env_remove(&name);
        }
    }
    command
}

/// Prepares the cargo that xtask itself was started by.
pub(crate) fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a child to its end on this terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| not_started(command))?;
    succeeded(command, status)
}

/// Runs a child and returns what it printed; its errors go to this terminal.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().with_context(|| not_started(command))?;
    succeeded(command, output.status)?;
    String::from_utf8(output.stdout).with_context(|| format!("{} printed no text", shown(command)))
}

/// Runs a child and returns what it printed, or nothing when it failed or is not there.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a child that writes to a file instead of this terminal, and tells now and then how far
/// it is. For work beside other work, and for output that only matters when it fails.
pub(crate) fn run_aside(name: &str, command: &mut Command, log: &Path) -> Result<()> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file);
    let mut child = command.spawn().with_context(|| not_started(command))?;
    let status = wait_and_tell(name, &mut child, log)?;
    succeeded(command, status).with_context(|| format!("its last lines were:\n{}", tail(log, 25)))
}

fn wait_and_tell(name: &str, child: &mut Child, log: &Path) -> Result<ExitStatus> {
    let started = Instant::now();
    let mut told = started;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if let Err(cancelled) = still_wanted() {
            stop(child);
            return Err(cancelled.context(name.to_owned()));
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let secs = started.elapsed().as_secs();
            eprintln!("    {name}: {secs} s, {}", tail(log, 1).trim());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

const TELL_EVERY: Duration = Duration::from_secs(15);

/// Makes every child of [`run_aside`] stop, so that a failure elsewhere need not wait for it.
pub(crate) fn cancel_aside() {
    CANCELLED.store(true, Ordering::Relaxed);
}

/// Fails after [`cancel_aside`], so that nothing long is started any more.
pub(crate) fn still_wanted() -> Result<()> {
    ensure!(
        !CANCELLED.load(Ordering::Relaxed),
        "stopped because something else failed"
    );
    Ok(())
}

static CANCELLED: AtomicBool = AtomicBool::new(false);

/// Ends a child: politely, so that it can tidy up, and by force after two seconds.
pub(crate) fn stop(child: &mut Child) {
    if !matches!(child.try_wait(), Ok(None)) {
        return;
    }
    if cfg!(unix) {
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(2) {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Finds a program on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(&file))
        .find(|path| path.is_file())
}

/// The PATH with these folders before all others.
pub(crate) fn path_with<'a>(
    first: impl IntoIterator<Item = &'a Path>,
) -> Result<std::ffi::OsString> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let dirs = first
        .into_iter()
        .map(Path::to_path_buf)
        .chain(std::env::split_paths(&rest));
    std::env::join_paths(dirs).context("a folder on the PATH has a separator in its name")
}

/// A command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_stem()
        .unwrap_or_default();
    let mut text = program.to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

fn not_started(command: &Command) -> String {
    format!("cannot start `{}`", shown(command))
}

fn tail(log: &Path, lines: usize) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut last = VecDeque::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if last.len() == lines {
            last.pop_front();
        }
        last.push_back(line);
    }
    Vec::from(last).join("\n")
}
