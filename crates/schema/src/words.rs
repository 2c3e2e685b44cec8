//! Words: doc comments of Rust, as people read them who do not know its names.

use serde_json::Value;

/// Rewrites every description in `schema`: links lose their targets, and frames get the names that
/// they have on the wire. `frames` are those names.
pub(crate) fn clean(schema: &mut Value, frames: &[String]) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "description" => {
                        *text = sentence(text, frames);
                    }
                    other => clean(other, frames),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, frames)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn sentence(text: &str, frames: &[String]) -> String {
    let text = without_links(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let parts = text.split('`').enumerate();
    let parts: Vec<String> = parts
        .map(|(place, part)| {
            let frame = frames.iter().find(|tag| pascal(tag) == part);
            match frame {
                Some(tag) if place % 2 == 1 => tag.clone(),
                _ => part.to_owned(),
            }
        })
        .collect();
    parts.join("`")
}

/// Leaves out constants of Rust that stand in brackets beside their number, and what a link
/// points at.
fn without_links(text: &str) -> String {
    let mut rest = text;
    let mut clean = String::new();
    while let Some(start) = rest.find("[`") {
        let Some(end) = rest[start..].find("`]") else {
            break;
        };
        let name = &rest[start + 1..=start + end];
        let mut after = &rest[start + end + 2..];
        if after.starts_with('(') {
            after = after.split_once(')').map_or(after, |(_, after)| after);
        }
        let before = &rest[..start];
        match (before.strip_suffix(" ("), after.strip_prefix(')')) {
            (Some(before), Some(after)) => {
                clean.push_str(before);
                rest = after;
            }
            _ => {
                clean.push_str(before);
                clean.push_str(name);
                rest = after;
            }
        }
    }
    clean + rest
}

/// `too_fast` as `TooFast`, `chat.rooms` as `ChatRooms`.
pub(crate) fn pascal(name: &str) -> String {
    let words = name.split(['_', '.', '-']);
    words
        .filter_map(|word| {
            let first = word.chars().next()?;
            Some(first.to_uppercase().collect::<String>() + &word[first.len_utf8()..])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(
            sentence(text, &["gap".to_owned(), "too_far".to_owned()]),
            expected
        );
    }

    #[test]
    fn links_and_names_of_rust_become_those_of_the_wire() {
        check("plain `code`", "plain `code`");
        check(
            "Answered by `TooFar` or `Gap`.",
            "Answered by `too_far` or `gap`.",
        );
        check("A Gap is no `code Gap`.", "A Gap is no `code Gap`.");
        check("at most 256\n([`PAGE_MAX`]) of them", "at most 256 of them");
        check(
            "see [`Never`](crate::Never), twice\n\n[`Never`]",
            "see `Never`, twice `Never`",
        );
        check("an open [`link", "an open [`link");
    }
}
