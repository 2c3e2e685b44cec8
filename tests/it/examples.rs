//! The examples in `examples/` talk with a Rust client, also when their line is cut.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use trunkline_client::{Client, Options, Subscription, Update};
use trunkline_protocol::Text;
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent, RoomName};
use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{Proxy, TestServer, until, within};

fn lobby() -> RoomName {
    "lobby".parse().expect("a room")
}

/// Somebody with the Rust client.
struct Ada {
    _client: Client,
    room: Subscription<Chat>,
}

impl Ada {
    async fn join(server: &TestServer) -> Self {
        let client = server.client("Ada").await;
        let room = client.subscribe::<Chat>(lobby(), Options::default());
        Self {
            _client: client,
            room,
        }
    }

    async fn say(&self, text: &str) {
        let text = Text::cut(text);
        let said = self.room.publish(&ChatCommand::Say { text });
        within("an answer", said).await.expect("a welcome command");
    }

    /// Waits until somebody says something, and tells who and what.
    async fn hears(&mut self) -> String {
        loop {
            let update = within("an update", self.room.next()).await;
            if let Some(Update::Event {
                event: ChatEvent::Said { author, text, .. },
                ..
            }) = update
            {
                return format!("{}: {text}", author.name);
            }
        }
    }
}

/// The example in Python, in the environment that `cargo xtask test` makes and names.
struct Python {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// The Python that `cargo xtask test` installs and names.
fn python() -> PathBuf {
    let named = std::env::var_os("TRUNKLINE_PYTHON").map(PathBuf::from);
    named.expect("TRUNKLINE_PYTHON names a Python: use `cargo xtask test`")
}

impl Python {
    fn start(base: &str, name: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/python/chat.py");
        let mut process = Command::new(python())
            .arg(script)
            .args([base, name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a Python that starts");
        let input = process.stdin.take().expect("a pipe");
        let output = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        Self {
            _process: process,
            input,
            output,
        }
    }

    async fn say(&mut self, text: &str) {
        let line = format!("{text}\n");
        let written = self.input.write_all(line.as_bytes()).await;
        written.expect("a program that reads");
    }

    async fn line(&mut self) -> String {
        let line = within("a line", self.output.next_line()).await;
        line.expect("a pipe").expect("a program that runs")
    }
}

#[tokio::test]
async fn a_python_client_talks_and_recovers() {
    let server = TestServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let mut ada = Ada::join(&server).await;
    let mut mina = Python::start(&format!("http://{}", proxy.address()), "Mina");
    assert_eq!(mina.line().await, "-- live");
    ada.say("hello Mina").await;
    assert_eq!(mina.line().await, "Ada: hello Mina");
    mina.say("안녕, Ada").await;
    assert_eq!(mina.line().await, "Mina: 안녕, Ada");
    assert_eq!(ada.hears().await, "Ada: hello Mina");
    assert_eq!(ada.hears().await, "Mina: 안녕, Ada");

    proxy.cut();
    ada.say("one").await;
    ada.say("two").await;
    mina.say("from the dark").await;
    proxy.mend();
    for line in [
        "-- recovered",
        "Ada: one",
        "Ada: two",
        "Mina: from the dark",
    ] {
        assert_eq!(mina.line().await, line);
    }
    ada.say("the end").await;
    assert_eq!(mina.line().await, "Ada: the end");
    for heard in [
        "Ada: one",
        "Ada: two",
        "Mina: from the dark",
        "Ada: the end",
    ] {
        assert_eq!(ada.hears().await, heard);
    }
}

/// What an example does on a line that loses events: `program` hands it the frames of
/// `holes/frames.json`. Lines that begin with dashes are the example's own words, and left out.
async fn reads_a_broken_line(program: &mut Command) {
    let run = program
        .arg("holes/frames.json")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = within("a run", run).await.expect("a program that starts");
    let told = String::from_utf8_lossy(&output.stdout);
    let lines = told.lines().map(str::trim_end);
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("--")).collect();
    let expected = [
        "sent connect newest",
        "Ada: one",
        "sent subscribe after 1",
        "Ada: two",
        "Ada: three",
        "Ada: four",
        "sent pong",
        "sent subscribe after 4",
    ];
    assert_eq!(
        lines,
        expected,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn the_python_client_asks_again_for_what_is_missing() {
    let mut python = Command::new(python());
    python
        .env("PYTHONPATH", "../examples/python")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg("holes/python.py");
    reads_a_broken_line(&mut python).await;
}

#[tokio::test]
async fn the_javascript_client_asks_again_for_what_is_missing() {
    reads_a_broken_line(Command::new("node").arg("holes/javascript.mjs")).await;
}

/// Clicks and types like a person in the example's page.
async fn fill(page: &Browser, field: &str, text: &str) {
    let script = "const field = document.getElementById(arguments[0]);
        field.value = arguments[1]; field.form.requestSubmit();";
    let arguments = vec![field.into(), text.into()];
    let filled = page.window.execute(script, arguments).await;
    filled.expect("a form");
}

async fn log(page: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('#log li')].map(it => it.textContent)";
    serde_json::from_value(page.run(script).await).expect("a list of texts")
}

async fn status(page: &Browser, word: &str) {
    until(&format!("the status {word:?}"), async || {
        let told = page
            .run("return document.getElementById('status').textContent")
            .await;
        (told == word).then_some(())
    })
    .await;
}

async fn until_log(page: &Browser, expected: &[&str]) {
    let mut seen = Vec::new();
    let complete = until("the log", async || {
        seen = log(page).await;
        (seen.len() >= expected.len()).then_some(())
    });
    complete.await;
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_page_with_a_websocket_of_its_own_talks_and_recovers() {
    let server = TestServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let mut ada = Ada::join(&server).await;
    with_people(async |[mina]: &[Browser; 1]| {
        let page = format!("http://{}/api/examples/javascript", proxy.address());
        mina.visit(&page).await;
        fill(mina, "name", "Mina").await;
        status(mina, "live").await;
        ada.say("hello Mina").await;
        until_log(mina, &["Ada: hello Mina"]).await;
        fill(mina, "text", "안녕, Ada").await;
        until_log(mina, &["Ada: hello Mina", "Mina: 안녕, Ada"]).await;

        proxy.cut();
        status(mina, "offline").await;
        ada.say("one").await;
        ada.say("two").await;
        fill(mina, "text", "from the dark").await;
        proxy.mend();
        status(mina, "recovered").await;
        let all = [
            "Ada: hello Mina",
            "Mina: 안녕, Ada",
            "Ada: one",
            "Ada: two",
            "Mina: from the dark",
        ];
        until_log(mina, &all).await;
        mina.screenshot("example-javascript").await;
        for heard in all {
            assert_eq!(ada.hears().await, heard);
        }
    })
    .await;
}
