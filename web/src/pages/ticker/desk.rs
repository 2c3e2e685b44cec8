//! The desk: the signals of one board, and the tasks that feed them.

use leptos::prelude::{Update as _, *};
use trunkline_client::{CallError, Client, Options, Update};
use trunkline_protocol::topics::ticker::{
    BoardName, BoardText, ListSymbols, SUMMARY_SYMBOLS_MAX, SummarizeSymbols, SummaryRequest,
    SymbolsRequest, Ticker,
};
use trunkline_protocol::{List, Text};
use trunkline_web_model::ticker::{Board, Row, Sorting, View, Watchlist};

use crate::browser::storage;
use crate::following::Following;
use crate::realtime::{Realtime, Task};

/// The paces that are offered, in updates per second and symbol.
pub(super) const RATES: [u16; 3] = [1, 5, 20];

/// How often the day of what is seen is asked for, in milliseconds.
const LOOK_MS: u32 = 2_000;

/// After so many looks, the day of every symbol is asked for where the order depends on it.
const LOOKS: u32 = 3;

/// The most newest quotes that a subscription begins with.
const NEWEST: u16 = 256;

/// The signals of a board.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    pub(super) name: StoredValue<BoardName>,
    board: StoredValue<Board, LocalStorage>,
    /// Counts the frames in which something of the board was another than before.
    frame: RwSignal<u64>,
    /// Counts what changes which symbols there are, or what was told of their day.
    listing: RwSignal<u64>,
    pub(super) state: RwSignal<Following>,
    pub(super) rate: RwSignal<u16>,
    pub(super) view: RwSignal<View>,
    pub(super) watchlist: RwSignal<Watchlist>,
    /// The symbols that can be seen now.
    pub(super) visible: RwSignal<Vec<u16>>,
    selected: Memo<Option<String>>,
    realtime: Realtime,
    /// Whether a frame was asked for.
    is_due: StoredValue<bool>,
}

impl Desk {
    /// Starts to follow a board, for as long as its owner lives.
    pub(super) fn open(
        name: BoardName,
        selected: Memo<Option<String>>,
        realtime: Realtime,
    ) -> Self {
        let kept = storage::get("ticker.rate").and_then(|rate| rate.parse().ok());
        let watched = storage::get(&watch_key(&name)).unwrap_or_default();
        let desk = Self {
            name: StoredValue::new(name),
            board: StoredValue::new_local(Board::default()),
            frame: RwSignal::new(0),
            listing: RwSignal::new(0),
            state: RwSignal::new(Following::Opening),
            rate: RwSignal::new(kept.filter(|rate| RATES.contains(rate)).unwrap_or(5)),
            view: RwSignal::new(View::default()),
            watchlist: RwSignal::new(Watchlist::parse(&watched)),
            visible: RwSignal::new(Vec::new()),
            selected,
            realtime,
            is_due: StoredValue::new(false),
        };
        let pump = StoredValue::new_local(None::<Task>);
        let look = StoredValue::new_local(None::<Task>);
        // Another client or another pace is another subscription.
        Effect::new(move |_| {
            let (client, rate) = (realtime.client.get(), desk.rate.get());
            // The one before has to leave the topic first.
            pump.set_value(None);
            pump.set_value(client.map(|client| Task::spawn(desk.pump(client, rate))));
        });
        Effect::new(move |_| {
            let client = realtime.client.get();
            look.set_value(client.map(|client| Task::spawn(desk.look(client))));
        });
        on_cleanup(move || {
            pump.set_value(None);
            look.set_value(None);
        });
        desk
    }

    /// Reads the board, and is called again when a frame shows it anew.
    pub(super) fn with<R>(self, read: impl FnOnce(&Board) -> R) -> R {
        self.frame.track();
        self.board.with_value(read)
    }

    /// Reads the board, and is called again when there are other symbols or days.
    pub(super) fn with_listing<R>(self, read: impl FnOnce(&Board) -> R) -> R {
        self.listing.track();
        self.board.with_value(read)
    }

    /// Reads the board once.
    pub(super) fn peek<R>(self, read: impl FnOnce(&Board) -> R) -> R {
        self.board.with_value(read)
    }

    /// The symbol that is selected, if the board has it.
    pub(super) fn selected(self) -> Option<u16> {
        let ticker = self.selected.get()?;
        self.with_listing(|board| board.find(&ticker))
    }

    /// The row of the symbol that is selected.
    pub(super) fn selected_row(self) -> Option<Row> {
        let symbol = self.selected()?;
        self.with(|board| board.row(symbol))
    }

    /// The client, while somebody is signed in.
    pub(super) fn client(self) -> Option<Client> {
        self.realtime.client.get_untracked()
    }

    /// Chooses a pace.
    pub(super) fn set_rate(self, rate: u16) {
        storage::set("ticker.rate", &rate.to_string());
        self.rate.set(rate);
    }

    /// Changes what is watched.
    pub(super) fn update_watchlist(self, change: impl FnOnce(&mut Watchlist)) {
        self.watchlist.update(change);
        let text = self.watchlist.with_untracked(Watchlist::to_text);
        self.name
            .with_value(|name| storage::set(&watch_key(name), &text));
    }

    /// The name of the board as it travels.
    pub(super) fn board_text(self) -> BoardText {
        self.name.with_value(|name| Text::cut(name.as_str()))
    }

    async fn pump(self, client: Client, rate: u16) {
        let key = self.name.with_value(|name| name.clone().into());
        let options = Options::newest(NEWEST).with_max_hz(rate);
        let mut quotes = client.subscribe::<Ticker>(key, options);
        self.board.update_value(Board::count_anew);
        while let Some(update) = quotes.next().await {
            Following::hear(&self.state, &update);
            match update {
                Update::Event { event, .. } => self.board.update_value(|board| {
                    let symbols = board.len();
                    board.take_quote(event);
                    if board.len() > symbols {
                        self.listing.update(|count| *count += 1);
                    }
                }),
                Update::Gap(gap) => self.board.update_value(|board| board.take_gap(&gap)),
                Update::Subscribed { .. } | Update::Lost => {}
                Update::Refused(_) | Update::Unreadable { .. } => {}
                Update::Members(_) | Update::Joined { .. } | Update::Left { .. } => {}
            }
            self.ask_for_frame();
        }
    }

    /// Whatever has come by the next frame is shown then, at once.
    fn ask_for_frame(self) {
        if self.is_due.get_value() {
            return;
        }
        self.is_due.set_value(true);
        request_animation_frame(move || {
            // The page may be left meanwhile.
            self.is_due.try_set_value(false);
            let _ = self.frame.try_update(|count| *count += 1);
        });
    }

    /// Asks what the symbols are called, and again and again how their day is.
    async fn look(self, client: Client) {
        self.read_symbols(&client).await;
        self.read_days(&client, self.peek(|board| board.symbols().collect()))
            .await;
        for looks in 1_u32.. {
            gloo_timers::future::TimeoutFuture::new(LOOK_MS).await;
            let moving = self
                .view
                .with_untracked(|view| Sorting::is_moving(view.sorting));
            let all = moving && looks.is_multiple_of(LOOKS);
            let symbols = if all {
                self.peek(|board| board.symbols().collect())
            } else {
                let selected = untrack(|| self.selected());
                let mut symbols = self.visible.get_untracked();
                symbols.extend(selected);
                symbols
            };
            self.read_days(&client, symbols).await;
        }
    }

    async fn read_symbols(self, client: &Client) {
        let mut next = Some(0);
        while let Some(from) = next {
            let request = SymbolsRequest {
                board: self.board_text(),
                from,
            };
            next = match client.call::<ListSymbols>(&request).await {
                // A next page that does not follow would be asked for for ever.
                Ok(page) => self
                    .change(|board| board.take_symbols(page))
                    .flatten()
                    .filter(|next| *next > from),
                Err(CallError::Refused(error)) if error.code.retryable() => Some(from),
                Err(_) => None,
            };
            if next == Some(from) {
                gloo_timers::future::TimeoutFuture::new(LOOK_MS).await;
            }
        }
    }

    async fn read_days(self, client: &Client, symbols: Vec<u16>) {
        for some in symbols.chunks(SUMMARY_SYMBOLS_MAX) {
            let request = SummaryRequest {
                board: self.board_text(),
                symbols: List::cut(some.iter().copied()),
            };
            if let Ok(days) = client.call::<SummarizeSymbols>(&request).await {
                self.change(|board| board.take_summaries(days));
            }
        }
    }

    /// Changes the board, and has it drawn. Nothing if the page is gone.
    fn change<R>(self, change: impl FnOnce(&mut Board) -> R) -> Option<R> {
        let told = self.board.try_update_value(change)?;
        self.listing.try_update(|count| *count += 1)?;
        self.ask_for_frame();
        Some(told)
    }
}

fn watch_key(name: &BoardName) -> String {
    format!("watch.{name}")
}
