//! How a command asks a running server: as one of the operator's back ends, with the key.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::api::ApiKey;
use crate::config::read_key;

/// How long an answer may take. A notice to everybody takes a while.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest answer.
const ANSWER_LEN_MAX: usize = 1024 * 1024;

/// Where a command asks, and with which key.
#[derive(Debug, Args)]
pub(super) struct BackEnd {
    /// The server's address, without TLS [default: http://127.0.0.1:8787]
    #[arg(long, value_name = "URL")]
    server: Option<ServerUrl>,

    /// A file with the key for back ends [default: what TRUNKLINE_API_KEY_FILE names, else the key in TRUNKLINE_API_KEY]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// A refusal, as far as a person needs it.
#[derive(Deserialize)]
struct Refusal {
    code: String,
    detail: String,
}

impl BackEnd {
    /// Posts JSON, and returns what the server answered.
    ///
    /// # Errors
    ///
    /// For a person: why there is no answer, or why it is a refusal.
    pub(super) async fn post(
        &self,
        environment: impl Fn(&str) -> Option<OsString>,
        path: &str,
        body: String,
    ) -> anyhow::Result<String> {
        let key = self.key(environment)?;
        let default = ServerUrl("127.0.0.1:8787".to_owned());
        let server = self.server.as_ref().unwrap_or(&default);
        let (status, answer) = timeout(PATIENCE, exchange(server, path, &key, body))
            .await
            .map_err(|_| anyhow!("{server} does not answer"))??;
        if status.is_success() {
            return Ok(answer);
        }
        match serde_json::from_str::<Refusal>(&answer) {
            Ok(refusal) => bail!("{}: {}", refusal.code, refusal.detail),
            Err(_) => bail!("{server} answers with {status}"),
        }
    }

    fn key(&self, environment: impl Fn(&str) -> Option<OsString>) -> anyhow::Result<ApiKey> {
        let named = environment("TRUNKLINE_API_KEY_FILE").filter(|it| !it.is_empty());
        if let Some(path) = self.key_file.clone().or(named.map(PathBuf::from)) {
            return read_key(&path);
        }
        let key = environment("TRUNKLINE_API_KEY").context(
            "no key: name its file by --key-file, or set TRUNKLINE_API_KEY_FILE or \
             TRUNKLINE_API_KEY",
        )?;
        let key = key.to_string_lossy().parse();
        key.map_err(|error| anyhow!("TRUNKLINE_API_KEY: {error}"))
    }
}

async fn exchange(
    server: &ServerUrl,
    path: &str,
    key: &ApiKey,
    body: String,
) -> anyhow::Result<(StatusCode, String)> {
    let stream = TcpStream::connect(&server.0)
        .await
        .with_context(|| format!("cannot reach {server}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .with_context(|| format!("cannot talk to {server}"))?;
    let driver = tokio::spawn(connection);
    let request = Request::post(path)
        .header(HOST, &server.0)
        .header(CONTENT_TYPE, "application/json")
        .header("x-api-key", key.as_str())
        .body(Full::<Bytes>::from(body))
        .context("cannot make the request")?;
    let answer = sender.send_request(request).await;
    let answer = answer.with_context(|| format!("{server} hung up"))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_LEN_MAX);
    let body = body
        .collect()
        .await
        .map_err(|error| anyhow!("the answer of {server} broke off: {error}"))?;
    driver.abort();
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok((status, text))
}

/// Host and port of a server, from an address such as `http://127.0.0.1:8787`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ServerUrl(String);

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

impl FromStr for ServerUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected an address such as http://127.0.0.1:8787";
        let host = text.strip_prefix("http://").ok_or(wrong)?;
        let host = host.strip_suffix('/').unwrap_or(host);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b);
        if host.is_empty() || !host.bytes().all(plain) {
            return Err(wrong);
        }
        // An IPv6 address has colons of its own.
        let after = host.rsplit(']').next().unwrap_or(host);
        Ok(Self(match after.contains(':') {
            true => host.to_owned(),
            false => format!("{host}:80"),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_address() {
        let check = |text: &str, expected: Option<&str>| {
            let url = text.parse::<ServerUrl>().ok();
            assert_eq!(url.as_ref().map(|it| it.0.as_str()), expected, "{text:?}");
        };
        check("http://127.0.0.1:8787", Some("127.0.0.1:8787"));
        check("http://example.com/", Some("example.com:80"));
        check("http://[::1]", Some("[::1]:80"));
        check("http://[::1]:8787", Some("[::1]:8787"));
        for bad in [
            "",
            "127.0.0.1:8787",
            "https://a",
            "http://",
            "http://a/b",
            "http://a b",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn a_key_is_found_where_a_server_finds_it() {
        let none = BackEnd {
            server: None,
            key_file: None,
        };
        let key = "0123456789abcdefghij";
        let found = none.key(|name| (name == "TRUNKLINE_API_KEY").then(|| key.into()));
        assert_eq!(found.expect("a key").as_str(), key);
        let missing = none.key(|_| None).expect_err("no key").to_string();
        assert!(missing.starts_with("no key"), "{missing}");
        let short = none.key(|name| (name == "TRUNKLINE_API_KEY").then(|| "short".into()));
        let short = short.expect_err("no key").to_string();
        assert!(!short.contains("short"), "{short}");
    }
}
