//! Where commands come from: a file that is read and checked as a whole, or lines as they come.

use std::collections::VecDeque;
use std::io::BufRead;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use trunkline_protocol::payload::PAYLOAD_LEN_MAX;
use trunkline_protocol::topics::ticker::SymbolName;

use super::Format;
use super::table::{BadRow, Row, Table};

/// The longest file, in bytes.
const FILE_LEN_MAX: u64 = 256 * 1024 * 1024;

/// Lines that were read and not yet published, at most.
const LINES_MAX: usize = 1_000;

/// The longest line, in bytes.
const LINE_LEN_MAX: usize = 1024 * 1024;

/// Something to publish.
#[derive(Debug)]
pub(super) struct Item {
    /// The line that it is from, from 1 on.
    pub(super) line: u64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// A command as it is, in JSON.
    Command(String),
    /// A price, whose time says when it is due.
    Price(Row),
}

/// Makes items of lines.
#[derive(Debug)]
struct Parser {
    format: Format,
    always: Option<SymbolName>,
    table: Option<Table>,
    line: u64,
}

impl Parser {
    fn new(format: Format, always: Option<SymbolName>) -> Self {
        Self {
            format,
            always,
            table: None,
            line: 0,
        }
    }

    /// Reads the next line. The error names the line and the column.
    fn read(&mut self, text: &str, items: &mut VecDeque<Item>) -> anyhow::Result<()> {
        self.line += 1;
        let text = text.trim_end_matches(['\n', '\r']);
        if text.trim().is_empty() {
            return Ok(());
        }
        let line = self.line;
        match (self.format, &self.table) {
            (Format::Ndjson, _) => {
                let command: &RawValue = serde_json::from_str(text)
                    .map_err(|error| anyhow!("line {line}: column {}: no JSON", error.column()))?;
                if command.get().len() > PAYLOAD_LEN_MAX {
                    bail!("line {line}: longer than a command may be, {PAYLOAD_LEN_MAX} bytes");
                }
                let what = What::Command(command.get().to_owned());
                items.push_back(Item { line, what });
            }
            (Format::Csv, None) => {
                let table = Table::new(text, self.always.as_ref());
                self.table = Some(table.map_err(|bad| at(line, bad))?);
            }
            (Format::Csv, Some(table)) => {
                let rows = table.rows(text).map_err(|bad| at(line, bad))?;
                let what = rows.into_iter().map(What::Price);
                items.extend(what.map(|what| Item { line, what }));
            }
        }
        Ok(())
    }
}

/// Says where a row is bad.
fn at(line: u64, bad: BadRow) -> anyhow::Error {
    match bad.column {
        Some((column, name)) => anyhow!("line {line}, column {column} ({name}): {}", bad.why),
        None => anyhow!("line {line}: {}", bad.why),
    }
}

/// Where items come from.
pub(super) enum Source {
    /// All of them, in the order in which they are due.
    Whole(VecDeque<Item>),
    Lines {
        lines: mpsc::Receiver<std::io::Result<String>>,
        parser: LineParser,
        ready: VecDeque<Item>,
    },
}

/// A parser that only this file knows.
pub(super) struct LineParser(Parser);

impl Source {
    /// Reads a file, and checks all of it.
    pub(super) fn file(
        path: &Path,
        format: Format,
        always: Option<SymbolName>,
    ) -> anyhow::Result<Self> {
        let len = std::fs::metadata(path).context("cannot read it")?.len();
        if len > FILE_LEN_MAX {
            bail!("it has {len} bytes, at most {FILE_LEN_MAX} are read; pipe it in by --from -");
        }
        let text = std::fs::read_to_string(path).context("cannot read it")?;
        let (mut parser, mut items) = (Parser::new(format, always), VecDeque::new());
        for line in text.lines() {
            parser.read(line, &mut items)?;
        }
        if items.is_empty() {
            bail!("there is nothing in it to publish");
        }
        // Prices may stand in any order, as one symbol after the other.
        items
            .make_contiguous()
            .sort_by_key(|item| match &item.what {
                What::Price(row) => row.at_ms,
                What::Command(_) => 0,
            });
        Ok(Self::Whole(items))
    }

    /// Reads lines as they come, in a thread that ends with them.
    pub(super) fn lines(
        input: impl BufRead + Send + 'static,
        format: Format,
        always: Option<SymbolName>,
    ) -> anyhow::Result<Self> {
        let (lines, read) = mpsc::channel(LINES_MAX);
        let read_all = move || read_lines(input, &lines);
        std::thread::Builder::new()
            .name("lines".to_owned())
            .spawn(read_all)
            .context("cannot start a thread")?;
        Ok(Self::Lines {
            lines: read,
            parser: LineParser(Parser::new(format, always)),
            ready: VecDeque::new(),
        })
    }

    /// Whether the next item is there without waiting for a line.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::Whole(items) => !items.is_empty(),
            Self::Lines { lines, ready, .. } => !ready.is_empty() || !lines.is_empty(),
        }
    }

    /// The next item. None at the end.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Item>> {
        let (lines, parser, ready) = match self {
            Self::Whole(items) => return Ok(items.pop_front()),
            Self::Lines {
                lines,
                parser,
                ready,
            } => (lines, &mut parser.0, ready),
        };
        loop {
            if let Some(item) = ready.pop_front() {
                return Ok(Some(item));
            }
            let Some(line) = lines.recv().await else {
                return Ok(None);
            };
            let after = parser.line;
            let line = line.with_context(|| format!("line {}: cannot be read", after + 1))?;
            parser.read(&line, ready)?;
        }
    }
}

/// Reads lines until there are no more, or nobody wants them.
fn read_lines(mut input: impl BufRead, lines: &mpsc::Sender<std::io::Result<String>>) {
    loop {
        let line = match read_line(&mut input) {
            Ok(None) => return,
            Ok(Some(line)) => Ok(line),
            Err(error) => Err(error),
        };
        let ended = line.is_err();
        if lines.blocking_send(line).is_err() || ended {
            return;
        }
    }
}

/// Reads a line that is not longer than it may be.
fn read_line(input: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut limited = std::io::Read::take(input, LINE_LEN_MAX as u64 + 1);
    if limited.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let invalid = |why| std::io::Error::new(std::io::ErrorKind::InvalidData, why);
    if line.len() > LINE_LEN_MAX {
        return Err(invalid("longer than a line may be"));
    }
    let line = String::from_utf8(line).map_err(|_| invalid("not UTF-8"))?;
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_items_until_one_is_bad() {
        let text = "{\"a\":1}\n\n  [2]\r\n{\"a\":\n";
        let input = std::io::Cursor::new(text);
        let mut source = Source::lines(input, Format::Ndjson, None).expect("a thread");
        for (line, expected) in [(1, "{\"a\":1}"), (3, "[2]")] {
            let item = source.next().await.expect("good").expect("an item");
            let What::Command(command) = item.what else {
                panic!("{item:?}")
            };
            assert_eq!((item.line, command.as_str()), (line, expected));
        }
        let error = source.next().await.expect_err("no JSON").to_string();
        assert!(error.starts_with("line 4: column"), "{error}");
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_or_no_text_is_an_error() {
        for bytes in [vec![b'1'; LINE_LEN_MAX + 1], vec![0xff, b'\n']] {
            let input = std::io::Cursor::new(bytes);
            let mut source = Source::lines(input, Format::Ndjson, None).expect("a thread");
            let error = source.next().await.expect_err("a bad line");
            assert!(format!("{error:#}").starts_with("line 1: cannot be read"));
        }
    }
}
