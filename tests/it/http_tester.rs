//! What the description of the HTTP API allows and forbids, tried by an independent tester.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;
use trunkline_session::Pace;
use trunkline_tests::{TestServer, ask, within};

const KEY: &str = "a-key-of-back-ends-0123456789";

/// How long the tester may take. It takes about half a minute where nothing else runs.
const PATIENCE: Duration = Duration::from_secs(300);

/// The tester: what `cargo xtask test` installs and names.
fn tester() -> PathBuf {
    let named = std::env::var_os("TRUNKLINE_SCHEMATHESIS").map(PathBuf::from);
    named.expect("TRUNKLINE_SCHEMATHESIS names the tester: use `cargo xtask test`")
}

/// The cookie of a guest who has just signed in.
async fn cookie(server: &TestServer) -> String {
    let body = r#"{"name":"Mina"}"#;
    let asking = trunkline_tests::Asking::post(server.address(), "/auth/guest", body);
    let answer = within("a guest", asking.send()).await;
    let cookie = answer.header("set-cookie").expect("a cookie");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

/// The same requests in every run: examples, limits of each field, then made-up ones of both kinds.
#[tokio::test]
async fn whatever_is_asked_the_answer_is_one_that_is_described() {
    let server = TestServer::start_with(|config| {
        config.api_key = Some(KEY.parse().expect("a key"));
        // What streams ends soon; the tester reads to the end.
        config.stream_life = Duration::from_millis(20);
        // How fast it asks is no part of what it tests.
        config.session.pace = Pace {
            per_second: 1_000_000,
            burst: 1_000_000,
        };
    })
    .await;
    let token = server.token("Mina").await;
    let folder = TempDir::new().expect("a folder for the test");
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis.toml");
    let run = Command::new(tester())
        .arg("--config-file")
        .arg(config)
        .arg("run")
        .arg(format!("{}/api/openapi.json", server.base()))
        .arg("--header")
        .arg(format!("Authorization: Bearer {token}"))
        .arg("--header")
        .arg(format!("X-API-Key: {KEY}"))
        .arg("--header")
        .arg(format!("Cookie: {}", cookie(&server).await))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, run).await.expect("a run that ends");
    let output = output.expect("a tester that starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let alive = ask(server.address(), "GET", "/healthz", &[]).await;
    assert_eq!(alive.status(), 200);
}
