//! The server's own market: makes up quotes, and tells candles and trades of it.
//!
//! The rules are in `trunkline-market`. Here is who asks them: `feed` puts quotes on the board while
//! somebody reads, `calls` answers the page. Until somebody wants to know something, there is no market
//! at all; between two questions it stands still, and then catches up.
//!
//! `alarms` answers those who want to be told of a price: `watch` looks at every quote for them, `bell`
//! keeps what they wait for and tells them, in the words of `telling`.

mod alarms;
mod bell;
mod calls;
mod feed;
mod telling;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use trunkline_market::{AWAY_MS_MAX, Market, Tapes, companies};
use trunkline_protocol::topics::ticker::{MARKET_BOARD, Quote, SymbolName, TickerKey};
use trunkline_protocol::{Error, ErrorCode, Timestamp};

use self::watch::Watch;
use crate::clock::Clock;
use crate::config::{Config, MarketSwitch};
use crate::topics::Registry;

pub(crate) use self::bell::Bell;

/// How much time a market may catch up with in a turn of a shard. More is for a thread that may wait.
const NEAR_MS: u64 = 1_000;

/// The market of a server, or that there is none.
pub(crate) struct Exchange {
    clock: Clock,
    seed: u64,
    rate: u32,
    /// The names of the symbols. None, if the operator wants no market.
    names: BTreeSet<String>,
    state: Mutex<State>,
    /// What was traded on boards of others.
    tapes: Mutex<Tapes>,
    watch: Arc<Watch>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

/// The market and what has not been put on the board.
#[derive(Default)]
struct State {
    market: Option<Market>,
    /// The newest quote of each symbol that has another one than was put on the board.
    news: BTreeMap<u16, Quote>,
    quotes: Vec<Quote>,
}

impl Exchange {
    /// Opens the exchange, with the alarms that are kept, and the task that tells of them.
    ///
    /// # Errors
    ///
    /// For an operator: why the folder of the alarms cannot be read.
    pub(crate) fn open(config: &Config) -> anyhow::Result<(Arc<Self>, Bell)> {
        let (watch, jobs) = Watch::new();
        let bell = Bell::open(config, Arc::clone(&watch), jobs)?;
        Ok((Self::with_watch(config, watch), bell))
    }

    /// An exchange whose alarms nobody keeps or tells.
    #[cfg(test)]
    pub(crate) fn new(config: &Config) -> Arc<Self> {
        Self::with_watch(config, Watch::new().0)
    }

    fn with_watch(config: &Config, watch: Arc<Watch>) -> Arc<Self> {
        let names = match config.market {
            MarketSwitch::On => companies().into_iter().map(|it| it.ticker).collect(),
            MarketSwitch::Off => BTreeSet::new(),
        };
        Arc::new(Self {
            clock: config
                .market_start
                .map_or_else(Clock::start, Clock::start_at),
            seed: config.market_seed,
            rate: config.market_rate,
            names,
            state: Mutex::default(),
            tapes: Mutex::default(),
            watch,
        })
    }

    /// Adds the ticker's topics and calls to a server's.
    pub(crate) fn join(self: &Arc<Self>, registry: Registry) -> Registry {
        calls::join(self, registry)
    }

    fn is_on(&self) -> bool {
        !self.names.is_empty()
    }

    /// Refuses a symbol that the market does not have.
    pub(crate) fn check(&self, key: &TickerKey) -> Result<(), Error> {
        let known = |symbol: &SymbolName| self.names.contains(symbol.as_str());
        match key.symbol() {
            Some(symbol) if key.board().as_str() == MARKET_BOARD && !known(symbol) => {
                let detail = format!("the market has no symbol {symbol}");
                Err(Error::new(ErrorCode::InvalidKey, detail))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Notes a quote that somebody puts on a board. The market has tapes of its own.
    pub(crate) fn note(&self, key: &TickerKey, quote: &Quote, at: Timestamp) {
        if let TickerKey::Board(board) = key
            && board.as_str() != MARKET_BOARD
        {
            let board = board.as_str();
            self.with_tapes(|tapes| {
                tapes.note(board, quote, at);
                self.watch.check(board, std::slice::from_ref(quote));
            });
        }
    }

    fn with_tapes<R>(&self, reach: impl FnOnce(&mut Tapes) -> R) -> R {
        reach(&mut self.tapes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the market as it is now. Where that takes a while, another thread does it.
    async fn read<R: Send + 'static>(
        self: &Arc<Self>,
        reach: impl FnOnce(&Market) -> R + Send + 'static,
    ) -> Result<R, Error> {
        self.with(|market, _| reach(market)).await
    }

    /// Reaches the market as it is now, and what is to be put on the board.
    async fn with<R: Send + 'static>(
        self: &Arc<Self>,
        reach: impl FnOnce(&Market, &mut BTreeMap<u16, Quote>) -> R + Send + 'static,
    ) -> Result<R, Error> {
        if !self.is_on() {
            let detail = "this server has no market: its operator can open it by --market";
            return Err(Error::new(ErrorCode::Unavailable, detail));
        }
        let now_ms = self.clock.now().as_ms();
        let free = match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        if let Some(mut state) = free.filter(|state| state.is_near(now_ms)) {
            return Ok(state.reach(self, now_ms, reach));
        }
        let exchange = Arc::clone(self);
        let wait = move || {
            let state = exchange.state.lock();
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            state.reach(&exchange, now_ms, reach)
        };
        let done = tokio::task::spawn_blocking(wait).await;
        done.map_err(|error| Error::new(ErrorCode::Internal, error))
    }
}

impl State {
    /// Whether there is little to catch up with.
    fn is_near(&self, now_ms: u64) -> bool {
        let market = self.market.as_ref();
        market.is_some_and(|market| now_ms.saturating_sub(market.now_ms()) <= NEAR_MS)
    }

    /// Catches up, and reaches.
    fn reach<R>(
        &mut self,
        exchange: &Exchange,
        now_ms: u64,
        reach: impl FnOnce(&Market, &mut BTreeMap<u16, Quote>) -> R,
    ) -> R {
        let is_new = self.market.is_none();
        let make = || Market::new(exchange.seed, exchange.rate, now_ms);
        let market = self.market.get_or_insert_with(make);
        let leaps = now_ms.saturating_sub(market.now_ms()) > AWAY_MS_MAX;
        market.advance(now_ms, &mut self.quotes);
        if leaps || is_new {
            self.quotes.clear();
            self.quotes.extend(market.quotes());
        }
        exchange.watch.check(MARKET_BOARD, &self.quotes);
        let news = self.quotes.drain(..).map(|quote| (quote.symbol, quote));
        self.news.extend(news);
        reach(market, &mut self.news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_symbols_of_the_market_are_there() {
        let check = |market, key: &str, expected: bool| {
            let config = Config {
                market,
                ..Config::default()
            };
            let exchange = Exchange::new(&config);
            let key = key.parse().expect("a key");
            assert_eq!(exchange.check(&key).is_ok(), expected, "{key}");
        };
        check(MarketSwitch::On, "market", true);
        check(MarketSwitch::On, "market.BARV", true);
        check(MarketSwitch::On, "market.NONE", false);
        check(MarketSwitch::Off, "market", true);
        check(MarketSwitch::Off, "market.BARV", false);
        check(MarketSwitch::Off, "user-000000000000002a.NONE", true);
    }

    #[tokio::test]
    async fn a_market_that_nobody_asks_is_not_made_and_one_that_is_off_never() {
        let exchange = Exchange::new(&Config::default());
        let made = |exchange: &Exchange| {
            let state = exchange.state.lock().expect("nobody panics");
            state.market.is_some()
        };
        assert!(!made(&exchange));
        let quotes = exchange.read(|market| market.quotes().count()).await;
        assert_eq!(quotes, Ok(500));
        assert!(made(&exchange));
        let off = Exchange::new(&Config {
            market: MarketSwitch::Off,
            ..Config::default()
        });
        let error = off.read(|_| ()).await.expect_err("there is none");
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(!made(&off));
    }
}
