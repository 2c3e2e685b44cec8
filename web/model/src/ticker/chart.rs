//! A chart: candles and volumes as places on a canvas. What draws them knows nothing of money.

use trunkline_protocol::Timestamp;
use trunkline_protocol::topics::ticker::Candle;

use super::numbers::price_text;
use super::series::Series;

/// The width of a candle with the space beside it, in pixels.
const STEP: f64 = 9.0;

/// The width of a candle's body.
const BODY: f64 = 6.0;

/// The width of the prices at the right, and the height of the times at the bottom.
const PRICES: f64 = 76.0;
const TIMES: f64 = 22.0;

/// The part of the height that volumes take.
const VOLUMES: f64 = 0.2;

/// The space above the highest price.
const TOP: f64 = 8.0;

/// Lines at prices, about so far apart.
const PRICE_STEP: f64 = 48.0;

/// Lines at times, about so far apart.
const TIME_STEP: f64 = 110.0;

/// A candle on the canvas, in pixels from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// The left edge of the body.
    pub left: f64,
    /// Its width.
    pub width: f64,
    /// The upper edge of the body.
    pub top: f64,
    /// Its height, at least one.
    pub height: f64,
    /// The highest price.
    pub high: f64,
    /// The lowest price.
    pub low: f64,
    /// The upper edge of the volume, whose lower edge is [`Chart::floor`].
    pub volume: f64,
    /// Whether the price rose, or stayed.
    pub rose: bool,
}

impl Shape {
    /// The middle of the candle.
    pub fn middle(&self) -> f64 {
        self.left + self.width / 2.0
    }
}

/// A line across, and what stands at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick<T> {
    /// Where it is, in pixels.
    pub at: f64,
    /// What it says.
    pub says: T,
}

/// A chart of the newest candles that have room.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The place of the first candle that is shown among those that there are.
    pub first: usize,
    /// The candles that are shown.
    pub shapes: Vec<Shape>,
    /// Lines at round prices, from the highest.
    pub prices: Vec<Tick<String>>,
    /// Lines at times.
    pub times: Vec<Tick<Timestamp>>,
    /// Where the newest price is, and what it is.
    pub newest: Option<Tick<String>>,
    /// The right edge of the candles.
    pub right: f64,
    /// The lower edge of the volumes.
    pub floor: f64,
}

impl Chart {
    /// Lays the candles of a series out on a canvas of this size.
    pub fn new(series: &Series, width: f64, height: f64) -> Self {
        let candles = series.candles();
        let right = (width - PRICES).max(STEP);
        let floor = (height - TIMES).max(1.0);
        let count = (right / STEP) as usize;
        let first = candles.len().saturating_sub(count.max(1));
        let shown = &candles[first..];
        let low = shown.iter().map(|it| it.low).min().unwrap_or(0);
        let high = shown.iter().map(|it| it.high).max().unwrap_or(0);
        let lowest_at = floor * (1.0 - VOLUMES) - TOP;
        let scale = Scale {
            low: low as f64,
            high: high as f64,
            top: TOP,
            bottom: lowest_at.max(TOP + 1.0),
        };
        let most = shown.iter().map(|it| it.volume).max().unwrap_or(0).max(1);
        // The newest stands at the right edge.
        let left_of = |place: usize| right - (shown.len() - place) as f64 * STEP;
        let shape = |(place, candle): (usize, &Candle)| {
            let rose = candle.close >= candle.open;
            let (upper, lower) = if rose {
                (candle.close, candle.open)
            } else {
                (candle.open, candle.close)
            };
            let (top, bottom) = (scale.place(upper), scale.place(lower));
            let part = candle.volume as f64 / most as f64;
            Shape {
                left: left_of(place) + (STEP - BODY) / 2.0,
                width: BODY,
                top,
                height: (bottom - top).max(1.0),
                high: scale.place(candle.high),
                low: scale.place(candle.low),
                volume: floor - floor * VOLUMES * 0.9 * part,
                rose,
            }
        };
        let newest = shown.last().map(|candle| Tick {
            at: scale.place(candle.close),
            says: price_text(candle.close),
        });
        let every = (TIME_STEP / STEP).ceil() as usize;
        let times = shown.iter().enumerate().filter_map(|(place, candle)| {
            // By their place in time, so that lines move with their candles.
            let number = candle.start.0 / series.span().seconds();
            let is_on_beat = (number as usize).is_multiple_of(every);
            is_on_beat.then(|| Tick {
                at: left_of(place) + STEP / 2.0,
                says: candle.start,
            })
        });
        Self {
            first,
            prices: if shown.is_empty() {
                Vec::new()
            } else {
                scale.ticks()
            },
            times: times.collect(),
            newest,
            right,
            floor,
            shapes: shown.iter().enumerate().map(shape).collect(),
        }
    }

    /// The candle at a place of the pointer, counted from the first that is shown.
    pub fn at(&self, x: f64) -> Option<usize> {
        let left = self.right - self.shapes.len() as f64 * STEP;
        if x < left || x >= self.right {
            return None;
        }
        let place = ((x - left) / STEP) as usize;
        (place < self.shapes.len()).then_some(place)
    }
}

/// From prices to pixels.
struct Scale {
    low: f64,
    high: f64,
    top: f64,
    bottom: f64,
}

impl Scale {
    fn place(&self, price: u64) -> f64 {
        let range = self.high - self.low;
        if range <= 0.0 {
            return f64::midpoint(self.top, self.bottom);
        }
        let part = (price as f64 - self.low) / range;
        self.bottom - (self.bottom - self.top) * part
    }

    /// Lines at round prices: steps of 1, 2 or 5 with zeros.
    fn ticks(&self) -> Vec<Tick<String>> {
        let range = self.high - self.low;
        if range <= 0.0 {
            return vec![Tick {
                at: self.place(self.low as u64),
                says: price_text(self.low as u64),
            }];
        }
        let count = ((self.bottom - self.top) / PRICE_STEP).max(1.0);
        let wanted = (range / count).max(1.0);
        let zeros = 10_f64.powf(wanted.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|it| it * zeros)
            .find(|step| *step >= wanted)
            .unwrap_or(wanted);
        let mut ticks = Vec::new();
        let mut price = (self.low / step).ceil() * step;
        while price <= self.high {
            ticks.push(Tick {
                at: self.place(price as u64),
                says: price_text(price as u64),
            });
            price += step;
        }
        ticks.reverse();
        ticks
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::List;
    use trunkline_protocol::topics::ticker::{Candles, Span};

    use super::*;

    fn candle(n: u32, open: u64, close: u64) -> Candle {
        Candle {
            start: Timestamp(60 * n),
            open,
            high: open.max(close) + 500,
            low: open.min(close) - 500,
            close,
            volume: u64::from(n),
        }
    }

    fn series(candles: Vec<Candle>) -> Series {
        let mut series = Series::new(Span::Minute);
        series.take_candles(Candles {
            candles: List::cut(candles),
        });
        series
    }

    fn many(count: u32) -> Vec<Candle> {
        let price = |n: u32| 1_000_000 + u64::from(n * n % 97) * 1_000;
        (1..=count)
            .map(|n| candle(n, price(n), price(n + 1)))
            .collect()
    }

    #[test]
    fn the_newest_candles_that_have_room_are_shown_and_stay_inside() {
        let candles = many(500);
        let chart = Chart::new(&series(candles.clone()), 600.0, 300.0);
        assert_eq!(chart.shapes.len(), 58);
        assert_eq!(chart.first, 442);
        for shape in &chart.shapes {
            assert!(shape.left >= 0.0 && shape.left + shape.width <= chart.right);
            assert!(shape.high >= 0.0 && shape.high <= shape.top);
            assert!(shape.top + shape.height <= shape.low + 1.0);
            assert!(shape.low < shape.volume || shape.low <= chart.floor);
            assert!(shape.volume <= chart.floor);
        }
        let newest = chart.newest.as_ref().expect("the newest");
        assert_eq!(newest.says, price_text(candles[499].close));
        // The lines are far enough apart to be read.
        for pair in chart.prices.windows(2) {
            assert!(pair[1].at - pair[0].at >= 40.0, "{:?}", chart.prices);
        }
        for pair in chart.times.windows(2) {
            assert!(pair[1].at - pair[0].at >= 100.0, "{:?}", chart.times);
        }
        assert!(!chart.prices.is_empty() && !chart.times.is_empty());
    }

    #[test]
    fn a_pointer_finds_its_candle() {
        let chart = Chart::new(&series(many(10)), 600.0, 300.0);
        for (place, shape) in chart.shapes.iter().enumerate() {
            assert_eq!(chart.at(shape.middle()), Some(place));
        }
        assert_eq!(chart.at(0.0), None);
        assert_eq!(chart.at(chart.right), None);
    }

    #[test]
    fn a_chart_of_little_or_nothing_is_one_too() {
        let none = Chart::new(&series(Vec::new()), 600.0, 300.0);
        assert!(none.shapes.is_empty() && none.newest.is_none() && none.prices.is_empty());
        let flat = Candle {
            start: Timestamp(0),
            open: 7,
            high: 7,
            low: 7,
            close: 7,
            volume: 0,
        };
        let one = Chart::new(&series(vec![flat]), 600.0, 300.0);
        assert_eq!(one.prices.len(), 1);
        assert!(one.shapes[0].height >= 1.0 && one.shapes[0].rose);
        for (width, height) in [(0.0, 0.0), (10.0, 10.0), (80.0, 24.0)] {
            let tiny = Chart::new(&series(many(3)), width, height);
            assert!(tiny.shapes.iter().all(|it| it.top.is_finite()));
        }
    }

    #[test]
    fn lines_move_with_their_candles() {
        let candles = many(300);
        let lines = |count: usize| {
            let chart = Chart::new(&series(candles[..count].to_vec()), 600.0, 300.0);
            let times = chart.times.iter().map(|tick| tick.says.0);
            times.collect::<Vec<_>>()
        };
        let (before, after) = (lines(200), lines(201));
        assert!(after.iter().filter(|at| before.contains(at)).count() >= before.len() - 1);
    }
}
