//! The chart: every ratio that has a target, as a bar, from the figures of all scenarios.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

const WIDTH: f64 = 1000.0;
/// Where the bars begin: the words stand before.
const LEFT: f64 = 520.0;
/// The length of a bar of 1.
const UNIT: f64 = 280.0;
/// What a longer bar is cut to.
const RATIO_MAX: f64 = 1.4;
const ROW: f64 = 22.0;
const TOP: f64 = 60.0;

/// A bar.
#[derive(Clone, Debug, PartialEq)]
struct Bar {
    label: String,
    ratio: f64,
    at_most: f64,
}

/// Draws `chart.svg` from the figures in the folder, those of earlier runs too.
pub(crate) fn draw(folder: &Path) -> Result<()> {
    let files =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut bars = Vec::new();
    let mut paths: Vec<_> = files.flatten().map(|file| file.path()).collect();
    paths.sort();
    for path in paths {
        if path.extension().is_some_and(|ending| ending == "json") {
            let text = fs::read_to_string(&path)?;
            let report = serde_json::from_str(&text);
            let report = report.with_context(|| format!("{} is no JSON", path.display()))?;
            bars.extend(bars_of(&report));
        }
    }
    let path = folder.join("chart.svg");
    fs::write(&path, svg(&bars)).with_context(|| format!("cannot write {}", path.display()))
}

fn bars_of(report: &Value) -> Vec<Bar> {
    let scenario = report["scenario"].as_str().unwrap_or_default();
    let verdicts = report["verdicts"].as_array();
    let bar = |verdict: &Value| {
        let is_ratio = verdict["is_ratio"].as_bool()?;
        let label = verdict["label"].as_str()?;
        is_ratio.then_some(Bar {
            label: format!("{scenario}: {label}"),
            ratio: verdict["found"]["median"].as_f64()?,
            at_most: verdict["at_most"].as_f64()?,
        })
    };
    verdicts.into_iter().flatten().filter_map(bar).collect()
}

fn svg(bars: &[Bar]) -> String {
    let height = TOP + ROW * bars.len() as f64 + 20.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"24\" font-size=\"16\">What Trunkline costs, as a part of what others \
         cost</text>\n\
         <text x=\"12\" y=\"44\" fill=\"#555\">Shorter is better. A stroke is the target; bars \
         are cut at {RATIO_MAX}.</text>\n"
    );
    // Writing to a text does not fail.
    for (row, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let len = bar.ratio.min(RATIO_MAX) * UNIT;
        let fill = if bar.ratio <= bar.at_most {
            "#2a7f62"
        } else {
            "#b3541e"
        };
        let target = LEFT + bar.at_most.min(RATIO_MAX) * UNIT;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{}\" width=\"{len:.1}\" height=\"14\" fill=\"{fill}\"/>\
             <text x=\"{:.1}\" y=\"{}\">{:.3}</text>\
             <rect x=\"{target:.1}\" y=\"{}\" width=\"2\" height=\"18\" fill=\"#111\"/>",
            LEFT - 8.0,
            y + 12.0,
            escaped(&bar.label),
            y + 1.0,
            (LEFT + len).max(target) + 8.0,
            y + 12.0,
            bar.ratio,
            y - 1.0,
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ratios_with_a_target_become_bars() {
        let report = json!({
            "scenario": "fan-out",
            "verdicts": [
                { "label": "a / b", "found": { "median": 0.5 }, "at_most": 1.0, "is_ratio": true },
                { "label": "a / c", "found": { "median": 0.5 }, "at_most": null, "is_ratio": true },
                { "label": "KiB", "found": { "median": 0.5 }, "at_most": 3.0, "is_ratio": false },
            ],
        });
        let bar = Bar {
            label: "fan-out: a / b".to_owned(),
            ratio: 0.5,
            at_most: 1.0,
        };
        assert_eq!(bars_of(&report), std::slice::from_ref(&bar));
        assert!(bars_of(&json!({})).is_empty());
        let svg = svg(&[Bar {
            label: "a < b".to_owned(),
            ..bar
        }]);
        assert!(
            svg.contains("a &lt; b") && svg.contains("width=\"140.0\""),
            "{svg}"
        );
    }
}
