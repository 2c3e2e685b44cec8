//! Drafts as a browser keeps them: what was written and not sent, with the time of the last change.

use trunkline_protocol::Timestamp;

/// The most drafts that a browser keeps. Beyond it, those that rested longest are forgotten.
pub const DRAFTS_MAX: usize = 50;

/// The most bytes of a draft that are kept; it is cut there.
const DRAFT_LEN_MAX: usize = 16 * 1024;

/// The record of a draft. None if there is nothing to keep.
pub fn draft_record(at: Timestamp, text: &str) -> Option<String> {
    let kept = &text[..text.floor_char_boundary(DRAFT_LEN_MAX)];
    (!kept.trim().is_empty()).then(|| format!("{} {kept}", at.0))
}

/// Reads a record. None if it is none.
pub fn read_draft(record: &str) -> Option<(Timestamp, &str)> {
    let (at, text) = record.split_once(' ')?;
    Some((Timestamp(at.parse().ok()?), text))
}

/// Sorts records by their age, the oldest first. What is no record is older than all others.
pub fn by_age(mut drafts: Vec<(String, String)>) -> Vec<String> {
    drafts.sort_by_key(|(_, record)| read_draft(record).map(|(at, _)| at));
    drafts.into_iter().map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(1_000);

    #[test]
    fn a_draft_comes_back_as_it_was_written() {
        for text in ["hello", " a\nb ", "안녕 👋", "1 2"] {
            let record = draft_record(AT, text).expect("a record");
            assert_eq!(read_draft(&record), Some((AT, text)));
        }
        assert_eq!(draft_record(AT, " \n"), None);
        assert_eq!(draft_record(AT, ""), None);
    }

    #[test]
    fn a_long_draft_is_cut_between_characters() {
        let record = draft_record(AT, &"한".repeat(DRAFT_LEN_MAX)).expect("a record");
        let (_, text) = read_draft(&record).expect("a draft");
        assert!(text.len() <= DRAFT_LEN_MAX && text.len() > DRAFT_LEN_MAX - 3);
    }

    #[test]
    fn what_is_no_record_is_none_and_is_forgotten_first() {
        for record in ["", "x", "1000", "-1 a", "99999999999 a", " a"] {
            assert_eq!(read_draft(record), None, "{record:?}");
        }
        let drafts = [("new", "9 a"), ("old", "3 b"), ("bad", "b")];
        let drafts = drafts.map(|(key, record)| (key.to_owned(), record.to_owned()));
        assert_eq!(by_age(drafts.into()), ["bad", "old", "new"]);
    }
}
