//! Journals: the files that hold the newest commits, checked and sealed before they are opened.
//!
//! The library appends to the newest journal after a restart, behind whatever is in it, and takes
//! the first bytes that it cannot read for the end. Both are wrong after a failed sync or a flipped
//! bit: what a failed sync left in the page cache was never written, and commits behind a damaged
//! one would vanish without an error. So before the store is opened each journal is read whole, and
//! the newest one is sealed by an empty next one. The library then replays the sealed ones into
//! tables, which are written anew and synced.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use super::fault::{Fault, Result};
use super::files::sync_folder;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;

/// The last bytes of every batch.
const END_MARK: [u8; 4] = *b"FJL\x03";

/// The bytes of an item before its key: tag, kind, compression, keyspace, and three lengths.
const ITEM_HEAD_LEN: usize = 1 + 1 + 1 + 8 + 2 + 4 + 4;

const ZEROS: [u8; 4096] = [0; 4096];

/// A journal that has been read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Journal {
    /// Nothing was written to it.
    Empty,
    /// Whole batches, and then only room for more.
    Whole,
    /// Whole batches up to this length, and then the beginning of one: the mark of a crash, or of
    /// lost commits. The number of the last commit tells which.
    Torn(usize),
    /// Damaged batches with whole ones behind them: the whole ones alone.
    Holed(Vec<u8>),
}

/// Lists the journals of a store, oldest first.
pub(super) fn list(store: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut journals = Vec::new();
    for entry in fs::read_dir(store)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            let number = path
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse().ok());
            let number = number.ok_or_else(|| Fault::damaged("a journal's name"))?;
            journals.push((number, path));
        }
    }
    journals.sort_unstable();
    Ok(journals)
}

/// Reads a journal. Sequence numbers rise from batch to batch; `last` is the one before it.
pub(super) fn read(bytes: &[u8], last: &mut Option<u64>) -> Journal {
    let mut whole = Vec::new();
    let mut at = 0;
    let mut end = 0;
    loop {
        match batch(&bytes[at..]) {
            Some((len, sequence)) if last.is_none_or(|last| sequence > last) => {
                *last = Some(sequence);
                whole.push(at..at + len);
                at += len;
                end = at;
            }
            found => {
                // A whole batch under a wrong number is skipped; otherwise the next start is sought.
                let from = at + found.map_or(1, |(len, _)| len);
                match next_start(bytes, from) {
                    Some(next) => at = next,
                    None => break,
                }
            }
        }
        if at >= bytes.len() {
            break;
        }
    }
    // Everything that is not zero behind the last whole batch.
    let rest = &bytes[end..];
    let is_clean = is_zero(rest);
    let skipped = whole.windows(2).any(|pair| pair[0].end != pair[1].start)
        || whole.first().is_some_and(|first| first.start != 0);
    if skipped {
        let batches = whole
            .into_iter()
            .flat_map(|range| bytes[range].iter().copied());
        return Journal::Holed(batches.collect());
    }
    match (is_clean, end) {
        (true, 0) => Journal::Empty,
        (true, _) => Journal::Whole,
        (false, end) => Journal::Torn(end),
    }
}

/// Finds the next place at which a whole batch may start.
fn next_start(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        let rest = &bytes[at..];
        // Journals are made with room for 64 MB, nearly all of which may be empty.
        if rest.len() >= ZEROS.len() && rest[..ZEROS.len()] == ZEROS {
            at += ZEROS.len();
            continue;
        }
        if rest[0] == START && batch(rest).is_some() {
            return Some(at);
        }
        at += 1;
    }
    None
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes
        .chunks(ZEROS.len())
        .all(|chunk| chunk == &ZEROS[..chunk.len()])
}

/// The length and sequence number of the whole batch at the start of `bytes`, if there is one.
fn batch(bytes: &[u8]) -> Option<(usize, u64)> {
    let head = bytes.get(..13)?;
    if head[0] != START {
        return None;
    }
    let count = u32::from_le_bytes(head[1..5].try_into().ok()?);
    let sequence = u64::from_le_bytes(head[5..13].try_into().ok()?);
    let mut sum = Xxh3::new();
    let mut at = 13;
    for _ in 0..count {
        let len = match *bytes.get(at)? {
            ITEM => {
                let head = bytes.get(at..at + ITEM_HEAD_LEN)?;
                let key_len = u16::from_le_bytes(head[11..13].try_into().ok()?);
                let value_len = u32::from_le_bytes(head[17..21].try_into().ok()?);
                ITEM_HEAD_LEN + usize::from(key_len) + value_len as usize
            }
            CLEAR => 1 + 8,
            _ => return None,
        };
        sum.update(bytes.get(at..at.checked_add(len)?)?);
        at += len;
    }
    let end = bytes.get(at..at + 13)?;
    let is_end = end[0] == END && end[9..] == END_MARK;
    let matches = u64::from_le_bytes(end[1..9].try_into().ok()?) == sum.digest();
    (is_end && matches).then_some((at + 13, sequence))
}

/// Cuts a journal behind its last whole batch.
pub(super) fn cut(path: &Path, len: usize) -> Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(len as u64)?;
    file.sync_all()?;
    Ok(())
}

/// Makes an empty journal behind the newest one, which is then replayed and never appended to.
pub(super) fn seal(store: &Path, newest: u64) -> Result<()> {
    let path = store.join(format!("{}.jnl", newest + 1));
    File::create_new(path)?.sync_all()?;
    sync_folder(store)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch_of(sequence: u64, values: &[&[u8]]) -> Vec<u8> {
        let mut items = Vec::new();
        for value in values {
            items.extend([ITEM, 0, 0]);
            items.extend(7u64.to_le_bytes());
            items.extend(1u16.to_le_bytes());
            items.extend((value.len() as u32).to_le_bytes());
            items.extend((value.len() as u32).to_le_bytes());
            items.push(b'k');
            items.extend(*value);
        }
        let mut bytes = vec![START];
        bytes.extend((values.len() as u32).to_le_bytes());
        bytes.extend(sequence.to_le_bytes());
        bytes.extend(&items);
        bytes.push(END);
        bytes.extend(xxhash_rust::xxh3::xxh3_64(&items).to_le_bytes());
        bytes.extend(END_MARK);
        bytes
    }

    fn check(bytes: &[u8], expected: &Journal) {
        assert_eq!(&read(bytes, &mut None), expected);
    }

    #[test]
    fn a_journal_is_whole_torn_or_has_a_hole() {
        let (first, second, third) = (
            batch_of(1, &[b"one", b"two"]),
            batch_of(2, &[b"three"]),
            batch_of(5, &[]),
        );
        let all = [&first[..], &second, &third].concat();
        check(&[], &Journal::Empty);
        check(&[0; 9000], &Journal::Empty);
        check(&all, &Journal::Whole);
        check(&[&all[..], &[0; 9000]].concat(), &Journal::Whole);
        for torn in 1..third.len() {
            let end = first.len() + second.len();
            check(&all[..end + torn], &Journal::Torn(end));
            let padded = [&all[..end + torn], &[0; 50]].concat();
            check(&padded, &Journal::Torn(end));
        }
        // Whichever byte of the second is changed: the first and the third are found.
        let (start, end) = (first.len(), first.len() + second.len());
        for at in start..end {
            let mut changed = all.clone();
            changed[at] ^= 0x10;
            let found = read(&changed, &mut None);
            if (start + 5..start + 13).contains(&at) {
                // Its number is now 18 or more, so the third looks as if it came before it. Then the
                // last commit is missing, which the watermark tells.
                assert_eq!(found, Journal::Torn(end), "byte {at}");
            } else {
                assert_eq!(
                    found,
                    Journal::Holed([&first[..], &third].concat()),
                    "byte {at}"
                );
            }
        }
    }

    #[test]
    fn a_batch_under_a_number_that_does_not_rise_is_damage() {
        let bytes = [
            batch_of(4, &[b"a"]),
            batch_of(3, &[b"b"]),
            batch_of(9, &[b"c"]),
        ];
        let whole = [&bytes[0][..], &bytes[2]].concat();
        check(&bytes.concat(), &Journal::Holed(whole));
        let mut last = Some(4);
        assert_eq!(read(&bytes[0], &mut last), Journal::Torn(0));
    }

    #[test]
    fn a_zeroed_page_is_a_hole() {
        let mut bytes = Vec::new();
        for sequence in 1..100 {
            bytes.extend(batch_of(sequence, &[&[7; 500]]));
        }
        let page = 8192..8192 + 4096;
        bytes[page].fill(0);
        let Journal::Holed(whole) = read(&bytes, &mut None) else {
            panic!("a hole")
        };
        assert_eq!(read(&whole, &mut None), Journal::Whole);
        assert!(whole.len() > bytes.len() - 4096 - 3 * 600);
    }
}
