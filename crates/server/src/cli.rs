//! The command line of the `trunkline` binary.
//!
//! Flags are one of three layers of settings, so they are declared once, in `config::layer`;
//! this file adds the commands around them and turns clap's errors into single lines.

mod back_end;
mod notify;
mod publish;
mod replay;
mod restore;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Layer};

pub use notify::NotifyArgs;
pub use publish::PublishArgs;
pub use replay::ReplayArgs;
pub use restore::RestoreArgs;

/// Parses arguments (the program's name first).
///
/// # Errors
/// Help and version come back as errors too: [`clap::Error::exit_code`] tells them apart.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    Cli::try_parse_from(arguments).map(|cli| cli.command)
}

/// Says a command line error the way a person can act on: one line when a value is wrong, clap's
/// own text (with its tips and usage) when the shape of the command is.
pub fn explain(error: &clap::Error) -> String {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            text.lines().next().unwrap_or_default().to_owned()
        }
        _ => text.trim_end().to_owned(),
    }
}

#[derive(Debug, Parser)]
#[command(
    name = "trunkline",
    version,
    about = "Typed realtime over one WebSocket"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the web app, the HTTP API and the realtime transports
    #[command(after_help = SOURCES)]
    Serve(ServeArgs),
    /// Tell users something: on all their pages, now or later, each once
    Notify(NotifyArgs),
    /// Publish prices of a CSV file, or commands of a file or of standard input
    Publish(PublishArgs),
    /// Play the record of a match in the arena again, and compare it with what was played
    Replay(ReplayArgs),
    /// Mark a data folder as restored from a backup, so that no reader takes other events for its own
    Restore(RestoreArgs),
}

const SOURCES: &str = "Every option can also be set in the environment (TRUNKLINE_LISTEN for \
--listen, lists separated by commas) and in the file given by --config (listen = \"…\").\n\
Flags win over the environment, the environment over the file.";

/// Arguments of `trunkline serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// A TOML file with settings; its keys are the options' names with `_` for `-`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Check the settings from all sources, then exit
    #[arg(long)]
    pub check_config: bool,

    #[command(flatten)]
    flags: Layer,
}

impl ServeArgs {
    /// Merges the flags with the environment and the file into one configuration.
    ///
    /// # Errors
    /// The error's text is one line that names the key and where it was written.
    pub fn config(
        self,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Config, anyhow::Error> {
        Config::from_sources(self.flags, self.config, &environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &str, first_line: &str) {
        let error = parse(arguments.split(' ').map(OsString::from)).expect_err(arguments);
        let text = explain(&error);
        assert_eq!(text.lines().next(), Some(first_line));
    }

    #[test]
    fn a_wrong_value_is_explained_in_one_line() {
        check(
            "trunkline serve --listen 8787",
            "error: invalid value '8787' for '--listen <ADDR>': invalid address, expected \
             IP:PORT such as 127.0.0.1:8787",
        );
        check(
            "trunkline serve --broker kafka",
            "error: invalid value 'kafka' for '--broker <BROKER>': unknown broker, expected disk or memory",
        );
        check(
            "trunkline serve --connections-max 0",
            "error: invalid value '0' for '--connections-max <N>': expected a whole number above 0",
        );
        check(
            "trunkline serve --lisen x",
            "error: unexpected argument '--lisen' found",
        );
    }

    #[test]
    fn the_declared_commands_are_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_hides_what_is_meant_for_tests() {
        use clap::CommandFactory;
        let mut command = Cli::command();
        let serve = command
            .find_subcommand_mut("serve")
            .expect("serve is declared");
        let help = serve.render_long_help().to_string();
        assert!(help.contains("--allow-origin"), "{help}");
        assert!(help.contains("in the data folder, or `memory`"), "{help}");
        assert!(!help.contains("--conformance"), "{help}");
        assert!(!help.contains("--token-lifetime"), "{help}");
    }
}
