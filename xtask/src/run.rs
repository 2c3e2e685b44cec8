//! `cargo xtask run`: builds what is missing and becomes the server.

use std::process::Command;

use anyhow::{Context, Result};

use crate::full_build;
use crate::process;
use crate::workspace::Workspace;

/// Where the server listens unless told otherwise.
pub(crate) const ADDRESS: &str = "127.0.0.1:8787";

/// Builds, then replaces this process by the server, which prints its address.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    full_build::build(workspace)?;
    let mut server = process::command(workspace.program("release", "trunkline"));
    let variable = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    server
        .args(serve_args(args, variable))
        .current_dir(&workspace.root);
    become_it(&mut server)
}

/// The server's arguments: the person's, and ours where neither they nor `variable` say other.
pub(crate) fn serve_args(args: &[String], variable: impl Fn(&str) -> bool) -> Vec<String> {
    let mut all = vec!["serve".to_owned()];
    for (option, name, value) in DEFAULTS {
        let start = format!("{option}=");
        let given = args
            .iter()
            .any(|arg| arg == option || arg.starts_with(&start));
        if !given && !variable(name) {
            all.extend([option.to_owned(), value.to_owned()]);
        }
    }
    all.extend_from_slice(args);
    all
}

/// An option of the server, the variable that says the same, and what we say.
const DEFAULTS: [(&str, &str, &str); 2] = [
    ("--listen", "TRUNKLINE_LISTEN", ADDRESS),
    ("--data", "TRUNKLINE_DATA", ".trunkline"),
];

/// As a child the server would outlive a killed xtask and keep the port.
#[cfg(unix)]
fn become_it(server: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;

    let error = server.exec();
    Err(error).with_context(|| format!("cannot start `{}`", process::shown(server)))
}

#[cfg(not(unix))]
fn become_it(server: &mut Command) -> Result<()> {
    process::run(server).context("the server ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &[&str], variable: &str, expected: &str) {
        let args: Vec<_> = args.iter().map(|&arg| arg.to_owned()).collect();
        assert_eq!(
            serve_args(&args, |name| name == variable).join(" "),
            expected
        );
    }

    #[test]
    fn what_a_person_says_wins() {
        check(&[], "", "serve --listen 127.0.0.1:8787 --data .trunkline");
        check(
            &["--listen=[::1]:1"],
            "",
            "serve --data .trunkline --listen=[::1]:1",
        );
        check(
            &["--data", "d"],
            "",
            "serve --listen 127.0.0.1:8787 --data d",
        );
        check(&[], "TRUNKLINE_LISTEN", "serve --data .trunkline");
    }
}
