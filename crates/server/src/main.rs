//! The `trunkline` binary: reads settings, logs to stderr, and serves, or asks a server.
//!
//! Stdout carries one line, the address, for scripts that start a server on a free port.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use rust_embed::RustEmbed;
use tokio_util::sync::CancellationToken;
use trunkline_server::cli::{self, Command, NotifyArgs};
use trunkline_server::publish::Publishing;
use trunkline_server::{Assets, Config, Server, cancel_on_signals};

/// The built web app. Missing in a fresh clone, which must compile all the same.
///
/// It is embedded here and not in the library, so that a changed page compiles only this file.
/// Debug builds read the folder when they are asked, and need no compiling at all.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct WebApp;

/// Which build of the web app is inside. `cargo xtask build` sets it, so that cargo compiles this
/// file again when the first build of the app has come; cargo sees later ones by itself.
const WEB_APP: Option<&str> = option_env!("TRUNKLINE_WEB_APP");

fn main() -> ExitCode {
    let command = match cli::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(help) if !help.use_stderr() => {
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{}", cli::explain(&error));
            return ExitCode::from(2);
        }
    };
    let result = match command {
        Command::Serve(arguments) => {
            let check_only = arguments.check_config;
            match arguments.config(|name| std::env::var_os(name)) {
                Ok(_) if check_only => say("the configuration is valid"),
                Ok(config) => serve(config),
                Err(error) => Err(error),
            }
        }
        Command::Publish(arguments) => arguments.publishing().and_then(publish),
        Command::Notify(arguments) => notify(arguments),
        Command::Replay(arguments) => arguments.run().and_then(|said| say(&said)),
        Command::Restore(arguments) => arguments.run().and_then(|said| say(&said)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(config.log.to_filter())
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let result = runtime.block_on(async {
        let server = Server::bind(config)
            .await?
            .with_assets(Assets::of::<WebApp>());
        tracing::debug!(build = WEB_APP.unwrap_or("unnamed"), "web app");
        let shutdown = CancellationToken::new();
        // Before the address is printed: a script may signal as soon as it has read it.
        cancel_on_signals(shutdown.clone()).context("cannot listen for signals")?;
        say(&format!(
            "trunkline is listening on http://{}",
            server.local_addr()
        ))?;
        server.serve(shutdown).await
    });
    // The grace is over: whatever still runs must not keep the process.
    runtime.shutdown_background();
    result
}

fn publish(publishing: Publishing) -> anyhow::Result<()> {
    let input = io::BufReader::new(io::stdin());
    let all = small_runtime()?.block_on(publishing.publish(input))?;
    say(&format!("published {} to {}", all.count, all.topic))
}

fn notify(arguments: NotifyArgs) -> anyhow::Result<()> {
    say(&small_runtime()?.block_on(arguments.run(|name| std::env::var_os(name)))?)
}

/// What a command needs that asks a server.
fn small_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .context("cannot write to stdout")
}
