//! Words and rules stay pure: no tasks, clocks, locks, threads or randomness of their own.

use super::sources::Source;

/// The members that are words or rules, without their common beginning.
pub(crate) const RULES: [&str; 7] = [
    "protocol",
    "session",
    "hub",
    "websocket",
    "arena",
    "market",
    "sim",
];

/// What code in them must not say. Each is split so that this file does not say it either.
const IMPURE: [&str; 10] = [
    concat!("async", " fn"),
    concat!("async", " move"),
    concat!(".aw", "ait"),
    concat!("Instant", "::now"),
    concat!("System", "Time"),
    concat!("Mut", "ex"),
    concat!("Rw", "Lock"),
    concat!("thr", "ead::"),
    concat!("ra", "nd::"),
    concat!("get", "random"),
];

/// The one place that may name the binary format's crate: the codec and its tests.
const CODEC: &str = "crates/protocol/src/codec";

/// Finds impurities in the rules, and the format's crate outside the codec.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let pure = is_pure(&source.path);
        for (line, code) in source.code() {
            let place = || format!("{}:{line}", source.path);
            for word in IMPURE.iter().filter(|word| pure && says(code, word)) {
                complaints.push(format!("{}: `{word}` does not belong in a rule", place()));
            }
            if says(code, FORMAT) && !source.path.starts_with(CODEC) {
                complaints.push(format!("{}: only {CODEC}.rs names `{FORMAT}`", place()));
            }
        }
    }
    complaints
}

const FORMAT: &str = concat!("bin", "code::");

/// A test file may start a thread, and the simulator's program measures how long it has run.
fn is_pure(path: &str) -> bool {
    let of = |name: &str| path.starts_with(&format!("crates/{name}/src/"));
    let exempt = ["/main.rs", "/bin/", "tests.rs", "tests/"];
    RULES.iter().any(|name| of(name)) && !exempt.iter().any(|part| path.contains(part))
}

/// Whether the word is there as a word, not as the end of another.
fn says(code: &str, word: &str) -> bool {
    let whole = |start: usize| {
        let before = code[..start].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    };
    code.match_indices(word)
        .any(|(start, _)| word.starts_with('.') || whole(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&[Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }])
        .len()
    }

    #[test]
    fn rules_have_no_clock_and_reach_may() {
        let text = concat!("let now = Instant", "::now();");
        assert_eq!(count("crates/hub/src/hub.rs", text), 1);
        assert_eq!(count("crates/server/src/node.rs", text), 0);
        assert_eq!(count("crates/sim/src/main.rs", text), 0);
        assert_eq!(count("crates/sim/src/network.rs", text), 1);
        assert_eq!(count("crates/hub/src/log_tests.rs", text), 0);
    }

    #[test]
    fn comments_and_longer_words_do_not_count() {
        let text = concat!("// no Mut", "ex here\nlet x = ope", "rand::new();");
        assert_eq!(count("crates/session/src/client.rs", text), 0);
    }

    #[test]
    fn the_format_has_one_home() {
        let text = concat!("use bin", "code::config;");
        assert_eq!(count("crates/protocol/src/codec.rs", text), 0);
        assert_eq!(count("crates/protocol/src/frame.rs", text), 1);
        assert_eq!(count("web/src/app.rs", text), 1);
        let text = concat!("let bin", "code = \"trunkline.v1.bin", "code\";");
        assert_eq!(count("web/src/app.rs", text), 0, "its name may be told");
    }
}
