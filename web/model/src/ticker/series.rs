//! A series: the candles of one symbol, which grow with its quotes.

use trunkline_protocol::Timestamp;
use trunkline_protocol::topics::ticker::{CANDLES_MAX, Candle, Candles, Quote, Span};

/// The candles of a symbol, the oldest first, at most [`CANDLES_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    span: Span,
    candles: Vec<Candle>,
}

impl Series {
    /// A series without candles.
    pub fn new(span: Span) -> Self {
        Self {
            span,
            candles: Vec::new(),
        }
    }

    /// How long a candle is.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The candles.
    pub fn candles(&self) -> &[Candle] {
        &self.candles
    }

    /// Takes what the server knows in place of what was made of quotes here.
    pub fn take_candles(&mut self, told: Candles) {
        self.candles = told.candles.into_vec();
    }

    /// Takes a quote: the last candle grows, or another one begins. How much was traded is told by the
    /// server alone, since quotes that were overtaken are not here.
    pub fn take_quote(&mut self, at: Timestamp, quote: Quote) {
        let span = self.span.seconds();
        let start = Timestamp(at.0 / span * span);
        match self.candles.last_mut() {
            // The server's clock is only reckoned here.
            Some(last) if last.start >= start => {
                last.high = last.high.max(quote.price);
                last.low = last.low.min(quote.price);
                last.close = quote.price;
            }
            Some(_) | None => {
                if self.candles.len() == CANDLES_MAX {
                    self.candles.remove(0);
                }
                self.candles.push(Candle {
                    start,
                    open: quote.price,
                    high: quote.price,
                    low: quote.price,
                    close: quote.price,
                    volume: 0,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::List;

    use super::*;

    fn quote(price: u64, size: u32) -> Quote {
        Quote {
            symbol: 1,
            price,
            bid_below: 0,
            ask_above: 0,
            size,
        }
    }

    #[test]
    fn a_candle_grows_and_another_begins() {
        let mut series = Series::new(Span::FiveSeconds);
        for (at, price) in [(1_003, 50), (1_004, 70), (1_004, 40), (1_005, 60)] {
            series.take_quote(Timestamp(at), quote(price, 3));
        }
        let candle = |start, open, high, low, close, volume| Candle {
            start: Timestamp(start),
            open,
            high,
            low,
            close,
            volume,
        };
        let expected = [
            candle(1_000, 50, 70, 40, 40, 0),
            candle(1_005, 60, 60, 60, 60, 0),
        ];
        assert_eq!(series.candles(), expected);
        // What comes late belongs to the newest.
        series.take_quote(Timestamp(1_001), quote(65, 3));
        assert_eq!(series.candles()[1], candle(1_005, 60, 65, 60, 65, 0));
        assert_eq!(series.candles().len(), 2);
        series.take_candles(Candles {
            candles: List::cut([candle(900, 1, 1, 1, 1, 1)]),
        });
        assert_eq!(series.candles().len(), 1);
    }

    #[test]
    fn a_series_is_bounded() {
        let mut series = Series::new(Span::FiveSeconds);
        for n in 0..2_000 {
            series.take_quote(Timestamp(n * 5), quote(1, 1));
        }
        assert_eq!(series.candles().len(), CANDLES_MAX);
        assert_eq!(series.candles()[0].start, Timestamp(1_500 * 5));
    }
}
