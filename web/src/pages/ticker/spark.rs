//! Sparklines: the last prices as a line without numbers.

use leptos::prelude::*;

use super::desk::Desk;

/// The size of the picture, in its own units.
const WIDTH: f64 = 64.0;
const HEIGHT: f64 = 20.0;

/// The line of a symbol.
#[component]
pub(super) fn Spark(symbol: u16) -> impl IntoView {
    let desk: Desk = expect_context();
    let points = Memo::new(move |_| {
        desk.with_listing(|board| {
            let summary = board.summary(symbol)?;
            let prices: Vec<u64> = summary.spark.iter().copied().collect();
            (prices.len() > 1).then(|| points_of(&prices))
        })
    });
    move || {
        points.get().map(|points| {
            view! {
                <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
                    <polyline points=points />
                </svg>
            }
        })
    }
}

fn points_of(prices: &[u64]) -> String {
    let (low, high) = prices.iter().fold((u64::MAX, 0), |(low, high), price| {
        (low.min(*price), high.max(*price))
    });
    let range = (high - low).max(1) as f64;
    let step = WIDTH / (prices.len() - 1) as f64;
    let mut points = String::new();
    for (place, price) in prices.iter().enumerate() {
        let y = 1.0 + (HEIGHT - 2.0) * (1.0 - (price - low) as f64 / range);
        points.push_str(&format!("{:.1},{y:.1} ", place as f64 * step));
    }
    points
}
