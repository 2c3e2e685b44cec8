//! The commands of `docs/curl.md` do what the page says.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use trunkline_tests::{TestServer, within};

const PAGE: &str = include_str!("../../docs/curl.md");

/// Stands in the output between two blocks.
const MARK: &str = "--- the end of a block ---";

/// The blocks of commands, each with the lines that the page shows below it.
fn blocks() -> Vec<(String, Vec<String>)> {
    let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
    for fenced in PAGE.split("\n```").skip(1).step_by(2) {
        if let Some(commands) = fenced.strip_prefix("sh\n") {
            blocks.push((commands.to_owned(), Vec::new()));
        } else if let Some(output) = fenced.strip_prefix("text\n") {
            let (_, shown) = blocks.last_mut().expect("commands come first");
            shown.extend(output.lines().map(str::to_owned));
        }
    }
    blocks
}

/// Tells whether a line is as the page shows it, with anything in place of each `…`.
fn is_shown(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || shown.ends_with('…')
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_prints_what_the_page_shows() {
    const KEY: &str = "a-key-for-back-ends-of-this-test";
    let server = TestServer::start_with(|config| {
        config.api_key = Some(KEY.parse().expect("a key"));
    })
    .await;
    let folder = TempDir::new().expect("a folder for the test");
    std::fs::write(folder.path().join("key"), KEY).expect("room for a line");
    let blocks = blocks();
    assert!(blocks.len() > 5, "the page has commands");
    let mut script = String::new();
    for (commands, _) in &blocks {
        script.push_str(commands);
        script.push_str(&format!("\necho '{MARK}'\n"));
    }
    let script = script.replace("127.0.0.1:8787", &server.address().to_string());
    let mut shell = Command::new("sh")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a shell");
    let mut stdin = shell.stdin.take().expect("a pipe");
    stdin
        .write_all(script.as_bytes())
        .await
        .expect("a shell that reads");
    drop(stdin);
    let output = within("the commands to end", shell.wait_with_output()).await;
    let output = String::from_utf8(output.expect("a shell").stdout).expect("text");
    let printed: Vec<&str> = output.split(MARK).collect();
    assert_eq!(printed.len(), blocks.len() + 1, "{output}");
    for ((commands, shown), printed) in blocks.iter().zip(printed) {
        let mut lines = printed.lines();
        for shown in shown {
            assert!(
                lines.any(|line| is_shown(line, shown)),
                "{commands}\nprinted\n{printed}\nwithout\n{shown}"
            );
        }
    }
}
