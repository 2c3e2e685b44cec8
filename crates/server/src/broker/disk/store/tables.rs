//! Table files: whether one is what was written, and what can still be read of one that is not.
//!
//! A table is a row of blocks of about 4 KiB, each with a checksum. A damaged one loses the records
//! of one block; the others are read block by block, without the index at the end of the file,
//! which may be what is damaged.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use lsm_tree::table::block::{BlockType, Header};
use lsm_tree::table::{Block, Scanner};
use lsm_tree::{CompressionType, ValueType};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::fault::{Fault, Result};
use super::version::TableEntry;

/// The first bytes of every block.
const BLOCK_MARK: &[u8] = b"LSM\x03";

/// Number of times that a block of a file is read that the disk does not give, before it counts as
/// damaged.
const READS_MAX: usize = 3;

/// Tells whether a table file is exactly what was written.
///
/// # Errors
///
/// [`Fault::Passing`] if it cannot be opened now.
pub(super) fn is_whole(path: &Path, table: &TableEntry) -> Result<bool> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        result => result?,
    };
    let mut sum = Xxh3::new();
    let mut piece = vec![0; 1 << 20];
    let mut failures = 0;
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(len) => sum.update(&piece[..len]),
            Err(error) if is_unreadable(&error) => {
                failures += 1;
                if failures == READS_MAX {
                    return Ok(false);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(sum.digest128() == table.checksum)
}

/// EIO: the disk has the place and cannot read it.
fn is_unreadable(error: &io::Error) -> bool {
    error.raw_os_error() == Some(5)
}

/// Describes a table file whose list was lost. None if it is not whole: each of its blocks has a
/// checksum, so that it can be told without the one of the list.
pub(super) fn describe(path: &Path, id: u64) -> Result<Option<TableEntry>> {
    let bytes = read_what_can_be_read(path)?;
    let checksum = xxh3_128(&bytes);
    let found = data_blocks(&bytes);
    let all = found.has_end && found.runs.len() == 1 && found.runs[0][0].start == 0;
    let cache = std::sync::Arc::new(lsm_tree::Cache::with_capacity_bytes(0));
    let opens = std::panic::catch_unwind(|| {
        let sum = lsm_tree::Checksum::from_raw(checksum);
        lsm_tree::Table::recover(path.to_owned(), sum, 0, 0, cache, None, true, true).is_ok()
    });
    let entry = TableEntry {
        id,
        checksum,
        sequence: 0,
    };
    Ok((all && opens.unwrap_or(false)).then_some(entry))
}

/// A record that a damaged table still has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Salvaged {
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
}

/// The keys between which records are lost. None is before all, or after all.
pub(super) type Hole = (Option<Vec<u8>>, Option<Vec<u8>>);

/// The readable part of a damaged table.
#[derive(Debug, Default)]
pub(super) struct Salvage {
    /// In the order of their keys.
    pub(super) records: Vec<Salvaged>,
    pub(super) holes: Vec<Hole>,
}

/// Reads the records in the whole blocks of a table file. `scratch` names a file that may be
/// overwritten.
pub(super) fn salvage(path: &Path, scratch: &Path) -> Result<Salvage> {
    let bytes = read_what_can_be_read(path)?;
    let found = data_blocks(&bytes);
    let mut salvage = Salvage::default();
    let mut before: Option<Vec<u8>> = None;
    let mut is_hole = found
        .runs
        .first()
        .is_none_or(|run| run.first().is_none_or(|it| it.start > 0));
    for run in &found.runs {
        fs::write(
            scratch,
            run.iter()
                .flat_map(|block| &bytes[block.clone()])
                .copied()
                .collect::<Vec<_>>(),
        )?;
        let scanner = Scanner::new(scratch, run.len(), CompressionType::None, 0);
        for record in scanner.map_err(Fault::damaged)? {
            let record = record.map_err(Fault::damaged)?;
            let key = record.key.user_key.to_vec();
            if std::mem::take(&mut is_hole) {
                salvage.holes.push((before.take(), Some(key.clone())));
            }
            before = Some(key.clone());
            if record.key.value_type == ValueType::Value {
                let value = record.value.to_vec();
                salvage.records.push(Salvaged { key, value });
            }
        }
        is_hole = true;
    }
    if !found.has_end {
        salvage.holes.push((before, None));
    }
    if scratch.exists() {
        fs::remove_file(scratch)?;
    }
    Ok(salvage)
}

/// The bytes of a file, with zeros where the disk gives none.
fn read_what_can_be_read(path: &Path) -> Result<Vec<u8>> {
    const PIECE: usize = 4096;
    match fs::read(path) {
        Err(error) if is_unreadable(&error) => {}
        result => return Ok(result?),
    }
    let file = File::open(path)?;
    let len = usize::try_from(file.metadata()?.len()).map_err(Fault::damaged)?;
    let mut bytes = vec![0; len];
    for at in (0..len).step_by(PIECE) {
        let end = len.min(at + PIECE);
        match read_at(&file, at as u64, &mut bytes[at..end]) {
            Err(error) if is_unreadable(&error) => {}
            result => result?,
        }
    }
    Ok(bytes)
}

fn read_at(mut file: &File, at: u64, into: &mut [u8]) -> io::Result<()> {
    use std::io::{Seek, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(into)
}

/// The whole blocks with records of a table.
struct DataBlocks {
    /// Blocks that follow each other. Between two runs something is lost.
    runs: Vec<Vec<Range<usize>>>,
    /// True if nothing is lost behind the last run: a block of another kind follows it.
    has_end: bool,
}

/// Finds the whole blocks with records, up to the first block of another kind.
///
/// A block whose head is whole has a known length, whatever its content is. Behind a damaged head
/// the next block is sought by its mark. An event may contain anything, also what looks like a
/// block; so a block that was sought only counts if another block begins right behind it.
fn data_blocks(bytes: &[u8]) -> DataBlocks {
    let mut runs: Vec<Vec<Range<usize>>> = Vec::new();
    let mut at = 0;
    let mut follows_the_last = false;
    let mut was_sought = false;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let header = read_header(rest);
        let len = header.map(|header| Header::serialized_len() + header.data_length as usize);
        let inside = len.filter(|len| *len <= rest.len());
        let is_followed = inside.is_some_and(|len| read_header(&rest[len..]).is_some());
        let (Some(header), Some(len)) = (header, inside.filter(|_| !was_sought || is_followed))
        else {
            follows_the_last = false;
            was_sought = true;
            match find(&rest[1..], BLOCK_MARK) {
                Some(next) => at += 1 + next,
                None => break,
            }
            continue;
        };
        was_sought = false;
        if header.block_type != BlockType::Data {
            return DataBlocks {
                runs,
                has_end: follows_the_last,
            };
        }
        if Block::from_reader(&mut &rest[..len], CompressionType::None).is_err() {
            follows_the_last = false;
        } else {
            match runs.last_mut().filter(|_| follows_the_last) {
                Some(run) => run.push(at..at + len),
                None => runs.push(std::iter::once(at..at + len).collect()),
            }
            follows_the_last = true;
        }
        at += len;
    }
    DataBlocks {
        runs,
        has_end: false,
    }
}

fn read_header(mut bytes: &[u8]) -> Option<Header> {
    use lsm_tree::coding::Decode;
    if !bytes.starts_with(BLOCK_MARK) {
        return None;
    }
    Header::decode_from(&mut bytes).ok()
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}
