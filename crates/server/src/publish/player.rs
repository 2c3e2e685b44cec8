//! A player: publishes items when they are due, in as few requests as that takes.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde_json::json;
use tokio::time::Instant;
use trunkline_protocol::topics::ticker::{Listed, Listing, Quote, SymbolName};
use trunkline_protocol::{ServerFrame, Text, Topic, TopicName};

use super::Speed;
use super::api::Api;
use super::source::{Item, Source, What};
use super::table::Row;

/// The most commands of one request, and the most bytes.
const BATCH_MAX: usize = 100;
const BATCH_LEN_MAX: usize = 200 * 1024;

/// How long to wait where the server does not say how long.
const PAUSE: Duration = Duration::from_millis(250);

/// How often a command that is refused for now is tried.
const ATTEMPTS: u32 = 100;

pub(super) struct Player {
    api: Api,
    topic: TopicName,
    speed: Speed,
    /// The numbers of the symbols of a board, once they are known.
    numbers: Option<BTreeMap<SymbolName, u16>>,
    sender: u64,
    counter: u32,
    batch: Vec<Outgoing>,
    /// The time of the first price, and when it went out.
    began: Option<(i64, Instant)>,
    published: u64,
}

/// A command that waits for its request.
struct Outgoing {
    line: u64,
    /// Whether it is what a line asked for, and not a name.
    counts: bool,
    json: String,
}

impl Player {
    pub(super) fn new(api: Api, topic: &TopicName, speed: Speed) -> Self {
        Self {
            api,
            topic: topic.clone(),
            speed,
            numbers: None,
            // Another one each time: what was published once may be published again.
            sender: getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id())) >> 11,
            counter: 0,
            batch: Vec::new(),
            began: None,
            published: 0,
        }
    }

    /// How much of what lines asked for has been published.
    pub(super) fn published(&self) -> u64 {
        self.published
    }

    /// Publishes everything.
    pub(super) async fn play(&mut self, mut source: Source) -> anyhow::Result<()> {
        loop {
            // Whoever waits for a line does not let others wait.
            if !source.is_ready() {
                self.flush().await?;
            }
            let item = match source.next().await {
                Ok(Some(item)) => item,
                Ok(None) => return self.flush().await,
                Err(error) => {
                    self.flush().await?;
                    return Err(error);
                }
            };
            self.add(item).await?;
        }
    }

    async fn add(&mut self, Item { line, what }: Item) -> anyhow::Result<()> {
        match what {
            What::Command(command) => {
                let topic = self.topic.clone();
                self.push(line, true, &topic, &command).await
            }
            What::Price(row) => {
                let due = self.due(row.at_ms);
                if due.is_some_and(|due| due > Instant::now()) {
                    self.flush().await?;
                }
                if let Some(due) = due {
                    tokio::time::sleep_until(due).await;
                }
                self.price(line, row).await
            }
        }
    }

    /// When a price is due.
    fn due(&mut self, at_ms: i64) -> Option<Instant> {
        let Speed::Times(times) = self.speed else {
            return None;
        };
        let (first_ms, began) = *self.began.get_or_insert((at_ms, Instant::now()));
        let after_ms = at_ms.saturating_sub(first_ms).max(0);
        let after = Duration::try_from_secs_f64(after_ms as f64 / 1000.0 / times).ok()?;
        began.checked_add(after)
    }

    async fn price(&mut self, line: u64, row: Row) -> anyhow::Result<()> {
        let symbol = self.number(line, &row.symbol).await?;
        let quote = Quote {
            symbol,
            price: row.price,
            bid_below: row.bid_below,
            ask_above: row.ask_above,
            size: row.size,
        };
        let command = serde_json::to_string(&quote)?;
        let topic = self.topic.clone();
        self.push(line, true, &topic, &command).await
    }

    /// The number of a symbol. One that is new on the board gets the next free one, and a name.
    async fn number(&mut self, line: u64, symbol: &SymbolName) -> anyhow::Result<u16> {
        let board = self.topic.key().parse()?;
        let listing = Listing::name(&board);
        let mut numbers = match self.numbers.take() {
            Some(numbers) => numbers,
            None => {
                let listed = self.api.listed(listing.as_str()).await?;
                let named = |it: Listed| Some((it.ticker.parse().ok()?, it.symbol));
                listed.into_iter().filter_map(named).collect()
            }
        };
        if let Some(number) = numbers.get(symbol).copied() {
            self.numbers = Some(numbers);
            return Ok(number);
        }
        let next = numbers
            .values()
            .max()
            .map_or(Some(0), |it| it.checked_add(1));
        let number = next.with_context(|| format!("line {line}: too many symbols for a board"))?;
        numbers.insert(symbol.clone(), number);
        self.numbers = Some(numbers);
        let listed = Listed {
            symbol: number,
            ticker: Text::cut(symbol.as_str()),
            name: Text::default(),
            sector: Text::default(),
        };
        let command = serde_json::to_string(&listed)?;
        self.push(line, false, &listing, &command).await?;
        Ok(number)
    }

    async fn push(
        &mut self,
        line: u64,
        counts: bool,
        topic: &TopicName,
        command: &str,
    ) -> anyhow::Result<()> {
        self.counter = self.counter.wrapping_add(1);
        let message_id = json!({ "sender": self.sender, "counter": self.counter });
        let topic = topic.as_str();
        let json =
            format!(r#"{{"message_id":{message_id},"topic":"{topic}","command":{command}}}"#);
        let waiting: usize = self.batch.iter().map(|it| it.json.len() + 1).sum();
        if waiting + json.len() > BATCH_LEN_MAX {
            self.flush().await?;
        }
        self.batch.push(Outgoing { line, counts, json });
        // A guest may send so many a second, however few the requests. One by one, those that have to
        // wait keep their order.
        let most = if self.api.is_back_end() { BATCH_MAX } else { 1 };
        if self.batch.len() >= most {
            self.flush().await?;
        }
        Ok(())
    }

    /// Publishes what waits.
    async fn flush(&mut self) -> anyhow::Result<()> {
        let mut batch = std::mem::take(&mut self.batch);
        for _ in 0..ATTEMPTS {
            if batch.is_empty() {
                return Ok(());
            }
            let list: Vec<&str> = batch.iter().map(|it| it.json.as_str()).collect();
            let answers = self.api.publish(format!("[{}]", list.join(","))).await;
            let first = batch[0].line;
            let answers = answers.with_context(|| format!("line {first}"))?;
            if answers.len() != batch.len() {
                bail!("line {first}: the server answered something else");
            }
            let (mut later, mut wait) = (Vec::new(), Duration::ZERO);
            for (outgoing, answer) in batch.into_iter().zip(answers) {
                match answer {
                    ServerFrame::Published { .. } => self.published += u64::from(outgoing.counts),
                    ServerFrame::Refused { error, .. } if error.code.retryable() => {
                        let pause = error.retry_after_ms.map(u64::from);
                        wait = wait.max(pause.map_or(PAUSE, Duration::from_millis));
                        later.push(outgoing);
                    }
                    ServerFrame::Refused { error, .. } => {
                        let line = outgoing.line;
                        bail!("line {line}: the server refused it: {}", error.detail);
                    }
                    other => bail!("the server answered {}", other.kind()),
                }
            }
            batch = later;
            if !batch.is_empty() {
                tokio::time::sleep(wait).await;
            }
        }
        let line = batch.first().map_or(0, |it| it.line);
        Err(anyhow!("line {line}: the server does not take it now"))
    }
}
