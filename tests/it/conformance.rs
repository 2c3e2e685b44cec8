//! Autobahn's cases, run by an independent runner against the server's own upgrade path.

use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;
use trunkline_tests::{TestServer, within};

/// The runner: what `cargo xtask test` installs and names.
fn runner() -> PathBuf {
    let named = std::env::var_os("TRUNKLINE_KOSOKU").map(PathBuf::from);
    named.expect("TRUNKLINE_KOSOKU names the conformance runner: use `cargo xtask test`")
}

#[tokio::test]
async fn all_cases_of_autobahn_pass() {
    let server = TestServer::start_with(|config| config.conformance = true).await;
    let reports = TempDir::new().expect("a folder for the test");
    // Sections 12 and 13 are about compression, which is not offered.
    let run = Command::new(runner())
        .args([
            "-m",
            "fuzzingclient",
            "-p",
            "4",
            "-x",
            "12.*",
            "-x",
            "13.*",
            "-o",
        ])
        .arg(reports.path())
        .arg(format!("ws://{}/conformance/echo", server.address()))
        .stdin(Stdio::null())
        .output();
    let output = within("the conformance run", run)
        .await
        .expect("a runner that starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
