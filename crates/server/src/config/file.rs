//! Reads a layer of settings from a TOML file.
//!
//! TOML's own error is a drawing of several lines; an operator's log gets one that names the
//! file, the key and the line.

use std::path::Path;

use anyhow::{Context, anyhow};

use super::layer::Layer;
use crate::api::ApiKey;

/// Reads the file at `path`.
pub(super) fn read(path: &Path) -> anyhow::Result<Layer> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{name}: cannot read the configuration"))?;
    toml::from_str(&text).map_err(|error| anyhow!("{name}: {}", explain(&text, &error)))
}

/// Reads a key that is alone in a file.
pub(crate) fn read_key(path: &Path) -> anyhow::Result<ApiKey> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{name}: cannot read the key for back ends"))?;
    text.parse().map_err(|error| anyhow!("{name}: {error}"))
}

fn explain(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().trim().replace('\n', ", ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return message;
    };
    let line_index = before.matches('\n').count();
    let number = line_index + 1;
    let line = text.lines().nth(line_index).unwrap_or_default();

    if let Some(rest) = message.strip_prefix("unknown field `") {
        let key = rest.split('`').next().unwrap_or_default();
        return match nearest_key(key) {
            Some(known) => format!("unknown key `{key}` on line {number}, did you mean `{known}`?"),
            None => format!("unknown key `{key}` on line {number}"),
        };
    }
    // A value may stand on lines of its own; then the line number has to do.
    let key = line.split('=').next().unwrap_or_default().trim();
    if Layer::KEYS.contains(&key) {
        format!("`{key}` on line {number}: {message}")
    } else {
        format!("line {number}: {message}")
    }
}

fn nearest_key(written: &str) -> Option<&'static str> {
    let distances = Layer::KEYS.iter().map(|key| (edits(written, key), *key));
    let (distance, key) = distances.min()?;
    (distance <= EDITS_MAX && distance < key.len()).then_some(key)
}

/// How wrong a key may be spelled for us to guess what was meant.
const EDITS_MAX: usize = 3;

/// Counts the insertions, deletions and replacements that turn `a` into `b` (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_suggested_only_when_it_is_near() {
        let check = |written, expected| assert_eq!(nearest_key(written), expected, "{written}");
        check("lisen", Some("listen"));
        check("allow_origins", Some("allow_origin"));
        check("allow-origin", Some("allow_origin"));
        check("max_connections", None);
        check("x", None);
    }

    #[test]
    fn the_list_of_keys_is_what_a_file_may_contain() {
        let error = toml::from_str::<Layer>("nothing = 1")
            .expect_err("an unknown key")
            .to_string();
        for key in Layer::KEYS {
            assert!(
                error.contains(&format!("`{key}`")),
                "{key} is missing in {error}"
            );
        }
        assert_eq!(
            error.matches('`').count(),
            2 * (Layer::KEYS.len() + 1),
            "{error}"
        );
    }

    #[test]
    fn broken_toml_is_explained_in_one_line_with_its_number() {
        let check = |text: &str, start: &str| {
            let error = toml::from_str::<Layer>(text).expect_err(text);
            let explained = explain(text, &error);
            assert!(explained.starts_with(start), "{explained}");
            assert!(!explained.contains('\n'), "{explained}");
        };
        check("log = 'info'\nlisten = '", "`listen` on line 2: ");
        check("log = 'info'\n= 5", "line 2: ");
        check("log = 'a'\nlog = 'b'", "`log` on line 2: ");
    }
}
