//! What stands in `schema/` is what it says: judged by others, and by the server's own answers.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;
use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{Asking, TestServer, ask, get, within};

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the repository")
}

/// The judges: what `cargo xtask test` installs and names.
fn judges() -> PathBuf {
    let named = std::env::var_os("TRUNKLINE_NODE_JUDGES").map(PathBuf::from);
    named.expect("TRUNKLINE_NODE_JUDGES names a folder with packages: use `cargo xtask test`")
}

async fn passes(judge: &mut Command) {
    let run = judge.current_dir(root()).stdin(Stdio::null()).output();
    let output = within("a judge", run).await.expect("node");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn the_parser_of_asyncapi_finds_nothing_wrong() {
    let mut node = Command::new("node");
    passes(
        node.arg("tests/node/asyncapi.mjs")
            .arg(judges())
            .arg("schema/asyncapi.json"),
    )
    .await;
}

#[tokio::test]
async fn a_validator_of_openapi_finds_nothing_wrong() {
    let mut node = Command::new("node");
    passes(
        node.arg("tests/node/openapi.mjs")
            .arg(judges())
            .arg("schema/openapi.json"),
    )
    .await;
}

#[tokio::test]
async fn a_program_compiles_against_the_declarations() {
    let mut node = Command::new("node");
    let tsc = judges().join("node_modules/typescript/bin/tsc");
    passes(node.arg(tsc).args(["-p", "tests/node/tsconfig.json"])).await;
}

/// Without a cookie and a body, each route answers with one of its statuses, and a problem with
/// one of its codes.
#[tokio::test]
async fn the_server_answers_as_the_reference_says() {
    let server = TestServer::start().await;
    let api = api(&server).await;
    let paths = api["paths"].as_object().expect("paths");
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            let answer = ask(server.address(), &method.to_uppercase(), path, &[]).await;
            let described = &operation["responses"][answer.status().to_string()];
            assert!(described.is_object(), "{method} {path}: {answer:?}");
            let problem = &described["content"]["application/problem+json"];
            if problem.is_object() {
                let body: Value = serde_json::from_str(&answer.body).expect("a problem");
                let codes = &problem["schema"]["allOf"][1]["properties"]["code"]["enum"];
                let known = codes.as_array().expect("codes");
                assert!(known.contains(&body["code"]), "{method} {path}: {body}");
            }
        }
    }
}

/// The bodies and parameters that the description shows are taken.
#[tokio::test]
async fn every_example_of_the_description_is_taken() {
    let server = TestServer::start_with(|config| {
        config.api_key = Some(KEY.parse().expect("a key"));
        config.stream_life = std::time::Duration::from_millis(100);
    })
    .await;
    let token = server.token("Mina").await;
    let mut taken = 0;
    for (path, methods) in api(&server).await["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let cookie = operation["security"][0]["guest"].is_array();
            if cookie && !operation["security"].to_string().contains("token") {
                continue; // its own tests sign in
            }
            let url = format!("{path}?{}", example_query(operation));
            let body = &operation["requestBody"]["content"]["application/json"];
            assert_eq!(operation["requestBody"].is_object(), body.is_object());
            let examples = body["examples"].as_object().into_iter().flatten();
            let mut bodies: Vec<_> = examples.map(|(_, it)| it["value"].to_string()).collect();
            assert!(
                body.is_null() || !bodies.is_empty(),
                "{path} has no example"
            );
            if bodies.is_empty() {
                bodies.push(String::new());
            }
            for body in bodies {
                let asking = match method.as_str() {
                    "get" => Asking::get(server.address(), &url),
                    "delete" => Asking::get(server.address(), &url).delete(),
                    _ => Asking::post(server.address(), &url, body.clone()),
                };
                let asking = asking.token(&token).header("x-api-key", KEY);
                let answer = asking.send().await;
                let status = answer.status();
                let told = answer.text().await;
                assert!(
                    (200..300).contains(&status),
                    "{url} {body}: {status} {told}"
                );
                assert!(!told.contains("\"refused\""), "{url} {body}: {told}");
                taken += 1;
            }
        }
    }
    assert_eq!(taken, 22);
}

const KEY: &str = "a-key-of-back-ends-0123456789";

async fn api(server: &TestServer) -> Value {
    let answer = get(server.address(), "/api/openapi.json", &[]).await;
    serde_json::from_str(&answer.body).expect("JSON")
}

/// The query with the example of each parameter that has one.
fn example_query(operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let shown = parameters.filter_map(|it| {
        let text = match &it["example"] {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            Value::Array(items) => items[0].as_str().expect("a text").to_owned(),
            other => other.to_string(),
        };
        Some(format!("{}={text}", it["name"].as_str().expect("a name")))
    });
    shown.collect::<Vec<_>>().join("&")
}

/// Looks at the reference as people do: on a phone and on a screen, light and dark.
#[tokio::test]
async fn the_reference_can_be_read_on_a_phone_and_in_the_dark() {
    let server = TestServer::start().await;
    with_people(async |[reader]: &[Browser; 1]| {
        for (scheme, width) in [("light", 1100), ("dark", 500)] {
            reader.resize(width, 900).await;
            reader.visit(&format!("{}/api/", server.base())).await;
            let prefer = format!("document.documentElement.style.colorScheme = '{scheme}'");
            reader.run(&prefer).await;
            let looks = "return [getComputedStyle(document.body).backgroundColor,
                document.documentElement.scrollWidth <= innerWidth,
                document.querySelectorAll('article').length > 40]";
            let paper = if scheme == "light" {
                "rgb(246, 245, 241)"
            } else {
                "rgb(16, 19, 18)"
            };
            assert_eq!(reader.run(looks).await, json!([paper, true, true]));
            reader.screenshot(&format!("reference-{scheme}")).await;
        }
    })
    .await;
}
