//! The command line: what is wrong is said in one line, and the exit code is not zero.

use tempfile::TempDir;
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::alerts::{AlertEvent, Alerts};
use trunkline_protocol::{Codec, Topic};
use trunkline_tests::{Peer, ServerProcess};

async fn check(arguments: &[&str], expected: &str) {
    let output = ServerProcess::run(arguments).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert!(error.contains(expected), "{arguments:?}: {error}");
    assert_eq!(
        error.trim_end().lines().count(),
        1,
        "{arguments:?}: {error}"
    );
}

#[tokio::test]
async fn a_port_in_use_an_unreadable_file_and_an_unknown_key_are_one_line_each() {
    let folder = TempDir::new().expect("a folder for the test");
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path of plain text");
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    check(
        &["serve", "--listen", &address, "--data", data],
        "cannot listen on",
    )
    .await;

    let missing = folder.path().join("missing.toml");
    check(
        &["serve", "--config", missing.to_str().expect("plain text")],
        "missing.toml",
    )
    .await;

    let config = folder.path().join("trunkline.toml");
    std::fs::write(&config, "lisen = \"127.0.0.1:0\"\n").expect("a file");
    check(
        &["serve", "--config", config.to_str().expect("plain text")],
        "lisen",
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_published_is_said_in_one_line() {
    let folder = TempDir::new().expect("a folder for the test");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("plain text").to_owned()
    };
    let bad = file("bad.csv", "time,symbol,price\n2026-01-01,ABCD,12x\n");
    let good = file("good.csv", "time,symbol,price\n2026-01-01,ABCD,12\n");
    let publish = ["publish", "--topic", "ticker:user-{user}", "--from"];
    let with = |rest: &[&str]| {
        [&publish[..], rest]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for (arguments, expected) in [
        (with(&[&bad]), "bad.csv: line 2, column 3 (price)"),
        (with(&["missing.csv"]), "missing.csv: cannot read it"),
        (
            with(&["prices.txt"]),
            "prices.txt: say what it has by --format",
        ),
        (
            with(&[&good, "--speed", "10"]),
            "expected a number of times such as 10x",
        ),
        (
            with(&[&good, "--server", "https://a.example"]),
            "expected http://HOST:PORT",
        ),
        (
            with(&[&good, "--key-file", "missing"]),
            "missing: cannot read the key",
        ),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        check(&arguments, expected).await;
    }
}

#[tokio::test]
async fn a_notice_from_the_command_line_reaches_a_user_once() {
    let server = ServerProcess::start(&["--api-key", KEY]).await;
    let mut ada = Peer::connect_to(server.address(), Codec::Json, "ada").await;
    let user = ada.user().id;
    ada.subscribe(Alerts::name(&user).as_str(), Start::default())
        .await;
    let folder = TempDir::new().expect("a folder for the test");
    let key = folder.path().join("key");
    std::fs::write(&key, KEY).expect("a file");
    let key = key.to_str().expect("plain text");
    let (base, to) = (server.base(), user.to_string());
    let arguments = [
        "notify",
        "--server",
        &base,
        "--key-file",
        key,
        "--to",
        &to,
        "--title",
        "Done",
        "--id",
        "n1",
    ];
    for before in [0, 1] {
        let output = ServerProcess::run(&arguments).await;
        let told = String::from_utf8_lossy(&output.stdout);
        let expected = format!("{{\"id\":\"n1\",\"users\":1,\"before\":{before}}}\n");
        assert_eq!(told, expected);
    }
    let AlertEvent::Notified { notification, .. } = ada.event::<Alerts>().await else {
        panic!("nothing else is told");
    };
    assert_eq!(notification.title.as_str(), "Done");
    let refused = [&arguments[..], &["--link", "ftp://a"]].concat();
    check(&refused, "the server refused: a link is an address").await;
    let address = "http://127.0.0.1:1";
    let nobody = arguments.map(|it| if it == base { address } else { it });
    check(&nobody, "cannot reach http://127.0.0.1:1").await;
}

const KEY: &str = "a-key-of-back-ends-0123456789";
