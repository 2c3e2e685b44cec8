//! How a command asks a running server: as one of the operator's back ends, with the key.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;

use crate::api::ApiKey;
use crate::config::read_key;
use crate::publish::Api;

/// Where a command asks, and with which key.
#[derive(Debug, Args)]
pub(super) struct BackEnd {
    /// The server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8787")]
    server: String,

    /// A file with the server's key for back ends [default: what TRUNKLINE_API_KEY_FILE names, else the key in TRUNKLINE_API_KEY]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl BackEnd {
    /// The server, to be asked.
    ///
    /// # Errors
    ///
    /// For a person: why there is no key, or what is wrong with the address.
    pub(super) async fn open(
        &self,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> anyhow::Result<Api> {
        let key = self.key(environment)?.as_str().to_owned();
        let (api, _) = Api::open(&self.server, Some(key), "").await?;
        Ok(api)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_where_a_server_finds_it() {
        let none = BackEnd {
            server: String::new(),
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
