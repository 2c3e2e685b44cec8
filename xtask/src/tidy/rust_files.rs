//! What every Rust file has, what none has, and how long one gets.

use super::sources::Source;

/// Said while working, not when done. Each is split so that this file does not say it either.
const LEFTOVERS: [&str; 6] = [
    concat!("dbg", "!("),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[ig", "nore"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// A file of this length should be looked at.
const LINES_WARN: usize = 400;

/// A file may not be longer.
const LINES_MAX: usize = 700;

/// Finds files that break a rule.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for Source { path, text } in sources {
        if !text.starts_with("//!") {
            complaints.push(format!(
                "{path}: must open with a `//!` sentence that says what for"
            ));
        }
        if lines(text) > LINES_MAX {
            complaints.push(format!(
                "{path}: {} lines, the limit is {LINES_MAX}",
                lines(text)
            ));
        }
        for (index, line) in text.lines().enumerate() {
            for word in LEFTOVERS.iter().filter(|word| line.contains(**word)) {
                complaints.push(format!("{path}:{}: `{word}` is left over", index + 1));
            }
        }
    }
    complaints
}

/// Finds files that are getting long.
pub(crate) fn warnings(sources: &[Source]) -> Vec<String> {
    let long = |source: &&Source| (LINES_WARN + 1..=LINES_MAX).contains(&lines(&source.text));
    let told = |source: &Source| format!("{}: {} lines", source.path, lines(&source.text));
    sources.iter().filter(long).map(told).collect()
}

fn lines(text: &str) -> usize {
    text.lines().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> [Source; 1] {
        [Source {
            path: "web/src/app.rs".to_owned(),
            text: text.to_owned(),
        }]
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        assert!(check(&file("//! The app.\n\nfn main() {}\n")).is_empty());
        assert_eq!(check(&file("fn main() {}\n")).len(), 1);
    }

    #[test]
    fn leftovers_are_found_with_their_line() {
        let text = concat!("//! The app.\nfn main() { dbg", "!(1); }\n");
        assert_eq!(
            check(&file(text)),
            [concat!("web/src/app.rs:2: `dbg", "!(` is left over")]
        );
    }

    #[test]
    fn long_files_warn_before_they_fail() {
        let long = |lines: usize| file(&format!("//! The app.\n{}", "\n".repeat(lines - 1)));
        assert!(warnings(&long(400)).is_empty());
        assert_eq!(warnings(&long(401)), ["web/src/app.rs: 401 lines"]);
        assert!(check(&long(700)).is_empty());
        assert_eq!(check(&long(701)).len(), 1);
        assert!(warnings(&long(701)).is_empty());
    }
}
