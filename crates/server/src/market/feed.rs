//! The feed: puts the market's quotes on its board and on the topics of its symbols, while somebody
//! reads them. While somebody waits for a price, it lets the market go on without readers, too.
//!
//! Whoever begins to read gets the newest quote of every symbol, and from then on what changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use trunkline_market::{Market, SYMBOLS, companies};
use trunkline_protocol::topics::ticker::{MARKET_BOARD, Quote, Ticker};
use trunkline_protocol::{Codec, MessageId, SenderId, Text, Topic, TopicName, User, UserId};

use super::Exchange;
use crate::node::Node;
use crate::requests::{Asker, PublishRequest};

/// How often quotes go out, which is as often as a reader may get those of one symbol.
const EVERY: Duration = Duration::from_millis(50);

/// How many turns the market stands still when nobody reads and somebody waits for a price: a second.
const TURNS_IDLE: u32 = 20;

/// What the feed knows from one turn to the next.
struct Feed {
    exchange: Arc<Exchange>,
    asker: Asker,
    board: TopicName,
    symbols: Vec<TopicName>,
    sender: SenderId,
    counter: u32,
    /// Whether the board was read in the last turn, and the topics of which symbols.
    board_was_read: bool,
    were_read: BTreeSet<u16>,
    /// How many turns there have been since the market went on.
    idle: u32,
}

impl Exchange {
    /// Puts quotes where they are read, until the server's goodbye.
    pub(crate) async fn feed(self: Arc<Self>, node: Arc<Node>) {
        if !self.is_on() {
            return;
        }
        let goodbye = node.goodbye.clone();
        let Some(mut feed) = Feed::new(self, node) else {
            return;
        };
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // A tick is cancel safe. A turn that is under way is short.
            tokio::select! {
                biased;
                () = goodbye.cancelled() => return,
                _ = ticks.tick() => feed.turn().await,
            }
        }
    }
}

impl Feed {
    fn new(exchange: Arc<Exchange>, node: Arc<Node>) -> Option<Self> {
        let topic = |key: String| key.parse().ok().map(|key| Ticker::name(&key));
        let of_symbol = |ticker| topic(format!("{MARKET_BOARD}.{ticker}"));
        let symbols = companies().into_iter().map(|it| of_symbol(it.ticker));
        let user = User {
            id: UserId(0),
            name: Text::cut("market"),
        };
        Some(Self {
            exchange,
            asker: Asker {
                node,
                codec: Codec::Bincode,
                user,
                trusted: true,
            },
            board: topic(MARKET_BOARD.to_owned())?,
            symbols: symbols.collect::<Option<_>>()?,
            sender: SenderId::from_random(0),
            counter: 0,
            board_was_read: false,
            were_read: BTreeSet::new(),
            idle: 0,
        })
    }

    /// Publishes what is new to those who read, and everything to those who have just begun.
    async fn turn(&mut self) {
        let node = &self.asker.node;
        let (board, symbols) = if node.connections() == 0 {
            (false, BTreeSet::new())
        } else {
            let read = |symbol: &u16| node.has_readers(&self.symbols[usize::from(*symbol)]);
            let symbols = (0..SYMBOLS).filter(read).collect();
            (node.has_readers(&self.board), symbols)
        };
        let board_begins = board && !self.board_was_read;
        let begun: BTreeSet<u16> = symbols.difference(&self.were_read).copied().collect();
        self.board_was_read = board;
        self.were_read.clone_from(&symbols);
        if !board && symbols.is_empty() {
            return self.go_on_for_alarms().await;
        }
        self.idle = 0;
        let everything = board_begins || !begun.is_empty();
        let reach = move |market: &Market, news: &mut BTreeMap<u16, Quote>| {
            let news = std::mem::take(news);
            let all = everything.then(|| market.quotes().collect::<Vec<_>>());
            (news, all.unwrap_or_default())
        };
        let (news, all) = match self.exchange.with(reach).await {
            Ok(quotes) => quotes,
            Err(error) => {
                tracing::warn!(?error, "the market cannot be read");
                return;
            }
        };
        let to_board = all.iter().filter(|_| board_begins);
        let news_to_board = news.values().filter(|_| board && !board_begins);
        for quote in to_board.chain(news_to_board) {
            self.publish(self.board.clone(), quote).await;
        }
        let to_symbols = all.iter().filter(|quote| begun.contains(&quote.symbol));
        let news_to_symbols = news
            .values()
            .filter(|quote| symbols.contains(&quote.symbol) && !begun.contains(&quote.symbol));
        for quote in to_symbols.chain(news_to_symbols) {
            let topic = self.symbols[usize::from(quote.symbol)].clone();
            self.publish(topic, quote).await;
        }
    }

    /// Lets the market catch up once a second, where somebody waits for one of its prices.
    async fn go_on_for_alarms(&mut self) {
        self.idle += 1;
        if self.idle < TURNS_IDLE {
            return;
        }
        self.idle = 0;
        if self.exchange.watch.waits_for_market()
            && let Err(error) = self.exchange.read(|_| ()).await
        {
            tracing::warn!(?error, "the market cannot go on");
        }
    }

    async fn publish(&mut self, topic: TopicName, quote: &Quote) {
        let Ok(command) = Codec::Bincode.payload(quote) else {
            return;
        };
        self.counter = self.counter.wrapping_add(1);
        let publish = PublishRequest {
            message_id: MessageId {
                sender: self.sender,
                counter: self.counter,
            },
            topic,
            contract: None,
            command,
        };
        if let Err(error) = self.asker.publish(publish).await {
            tracing::warn!(?error, "a quote of the market was refused");
        }
    }
}
