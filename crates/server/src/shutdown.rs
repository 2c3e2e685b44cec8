//! Turns the signals of an operating system into a shutdown.

use std::io;

use tokio_util::sync::CancellationToken;
use trunkline_protocol::{Error, ErrorCode};

/// What is answered where whoever would know has stopped.
pub(crate) fn ended() -> Error {
    Error::new(ErrorCode::Unavailable, "this server is about to end")
}

/// Cancels `shutdown` at the first SIGTERM or SIGINT and exits the process at the second.
///
/// Must be called inside a tokio runtime.
///
/// # Errors
/// Fails when the handlers cannot be installed.
#[cfg(unix)]
pub fn cancel_on_signals(shutdown: CancellationToken) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        // Both futures keep a signal that arrives while the other one wins.
        loop {
            let (name, number) = tokio::select! {
                _ = terminate.recv() => ("SIGTERM", 15),
                _ = interrupt.recv() => ("SIGINT", 2),
            };
            if shutdown.is_cancelled() {
                tracing::warn!(signal = name, "second signal, exiting now");
                // What a shell reports for a process that died of this signal.
                std::process::exit(128 + number);
            }
            tracing::info!(
                signal = name,
                "shutting down, a second signal exits at once"
            );
            shutdown.cancel();
        }
    });
    Ok(())
}

/// Cancels `shutdown` at the first Ctrl-C and exits the process at the second.
///
/// Must be called inside a tokio runtime.
///
/// # Errors
/// Never fails on this platform.
#[cfg(not(unix))]
pub fn cancel_on_signals(shutdown: CancellationToken) -> io::Result<()> {
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if shutdown.is_cancelled() {
                std::process::exit(130);
            }
            tracing::info!("shutting down, a second Ctrl-C exits at once");
            shutdown.cancel();
        }
    });
    Ok(())
}
