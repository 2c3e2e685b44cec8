//! `trunkline publish`: its arguments.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use trunkline_protocol::topics::ticker::SymbolName;

use crate::publish::{Format, Publishing, Speed};

/// Arguments of `trunkline publish`.
#[derive(Debug, Args)]
pub struct PublishArgs {
    /// Where to, such as ticker:user-{user}; {user} stands for the id of the guest who publishes
    #[arg(long, value_name = "TOPIC")]
    topic: String,

    /// A file of prices (.csv) or of commands, one a line (.ndjson, .jsonl); `-` reads standard input
    #[arg(long, value_name = "FILE")]
    from: PathBuf,

    /// What the file has, if its name does not tell: `csv` or `ndjson`
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// The symbol of prices in a file that names none
    #[arg(long, value_name = "NAME")]
    symbol: Option<SymbolName>,

    /// How fast the times of prices pass: `10x`, or `max` for as fast as the server takes them
    #[arg(long, value_name = "SPEED", default_value = "1x")]
    speed: Speed,

    /// The server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8787")]
    server: String,

    /// A file with the server's key for back ends, which may publish everywhere and without a pace
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// The name of the guest who publishes, where there is no key
    #[arg(long, value_name = "NAME", default_value = "feed")]
    name: String,
}

impl PublishArgs {
    /// What is to be published.
    ///
    /// # Errors
    ///
    /// In one line: which argument does not fit.
    pub fn publishing(self) -> anyhow::Result<Publishing> {
        let key = match &self.key_file {
            Some(path) => {
                let key = std::fs::read_to_string(path);
                let key =
                    key.with_context(|| format!("{}: cannot read the key", path.display()))?;
                Some(key.trim().to_owned())
            }
            None => None,
        };
        let from = (self.from != Path::new("-")).then_some(self.from);
        let format = match self.format {
            Some(format) => format,
            None => format_of(from.as_deref())?,
        };
        Ok(Publishing {
            topic: self.topic,
            from,
            format,
            symbol: self.symbol,
            speed: self.speed,
            server: self.server,
            key,
            name: self.name,
        })
    }
}

/// What a file has, by its name. Standard input has commands.
fn format_of(from: Option<&Path>) -> anyhow::Result<Format> {
    let Some(path) = from else {
        return Ok(Format::Ndjson);
    };
    let ending = path.extension().and_then(|it| it.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Ok(Format::Csv),
        Some("ndjson" | "jsonl") => Ok(Format::Ndjson),
        _ => bail!(
            "{}: say what it has by --format csv or ndjson",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_by_its_name_what_it_has() {
        let check = |name: Option<&str>, expected: Option<Format>| {
            assert_eq!(format_of(name.map(Path::new)).ok(), expected, "{name:?}");
        };
        check(None, Some(Format::Ndjson));
        check(Some("prices.csv"), Some(Format::Csv));
        check(Some("a/PRICES.CSV"), Some(Format::Csv));
        check(Some("said.ndjson"), Some(Format::Ndjson));
        check(Some("said.jsonl"), Some(Format::Ndjson));
        check(Some("said.json"), None);
        check(Some("said"), None);
    }
}
