//! Versions: the list of the table files that make up a keyspace of the store.
//!
//! A keyspace's folder has a file `v7` with the list and a file `current` with the number 7 and a
//! checksum of `v7`. The library that wrote them does not compare the checksum when it opens them,
//! and deletes every table that the list does not name; so it is compared here before that. A
//! damaged table is taken out by writing the next version without it.

use std::fs::{self, File};
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

use super::fault::{Fault, Result};
use super::files::{replace, sync_folder};

/// The number of levels of every keyspace.
const LEVELS: usize = 7;

/// The most runs of tables that one level can list.
const RUNS_MAX: usize = 255;

/// The byte that names the checksum of tables and versions, XXH3.
const XXH3: u8 = 0;

/// A table file of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableEntry {
    pub(super) id: u64,
    /// Over all bytes of the file.
    pub(super) checksum: u128,
    /// Added to the sequence numbers in the file.
    pub(super) sequence: u64,
}

/// Table files of a keyspace: levels of runs of tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    number: u64,
    levels: Vec<Vec<Vec<TableEntry>>>,
}

/// The file of a table.
pub(super) fn table_path(keyspace: &Path, id: u64) -> PathBuf {
    keyspace.join("tables").join(id.to_string())
}

fn version_path(keyspace: &Path, number: u64) -> PathBuf {
    keyspace.join(format!("v{number}"))
}

impl Version {
    /// Reads the current version of a keyspace.
    ///
    /// # Errors
    ///
    /// [`Fault::Damaged`] if `current` or the list is missing or is not what was written.
    pub(super) fn read(keyspace: &Path) -> Result<Self> {
        let current = fs::read(keyspace.join("current"))?;
        let mut rest = &current[..];
        let (number, checksum) = (take_u64(&mut rest)?, take_u128(&mut rest)?);
        if rest != [XXH3] {
            return Err(Fault::damaged(
                "`current` has another length or checksum type",
            ));
        }
        let bytes = fs::read(version_path(keyspace, number))?;
        if xxh3_128(&bytes) != checksum {
            return Err(Fault::damaged(format!("the list of tables v{number}")));
        }
        let levels = decode(&bytes)?;
        Ok(Self { number, levels })
    }

    /// A version that lists these tables where the list itself was lost. It has a higher number
    /// than any that the folder has. The order of levels and runs decides which of two versions of
    /// a record a point read finds, so after this records are to be read by ranges, which compare
    /// sequence numbers.
    pub(super) fn of_tables(keyspace: &Path, tables: Vec<TableEntry>) -> Result<Self> {
        let mut number = 0;
        for entry in fs::read_dir(keyspace)? {
            let name = entry?.file_name();
            let known = name
                .to_str()
                .and_then(|name| name.strip_prefix('v')?.parse().ok());
            number = number.max(known.unwrap_or(0));
        }
        let mut levels = vec![Vec::new(); LEVELS];
        for (at, table) in tables.into_iter().enumerate() {
            let level = (at / RUNS_MAX).min(LEVELS - 1);
            levels[level].push(vec![table]);
        }
        if levels.iter().any(|runs: &Vec<_>| runs.len() > RUNS_MAX) {
            return Err(Fault::damaged(
                "more tables than a list can have without its order",
            ));
        }
        Ok(Self { number, levels })
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &TableEntry> {
        self.levels.iter().flatten().flatten()
    }

    /// Takes tables out of the list.
    pub(super) fn remove(&mut self, ids: &[u64]) {
        for runs in &mut self.levels {
            for run in runs.iter_mut() {
                run.retain(|table| !ids.contains(&table.id));
            }
            runs.retain(|run| !run.is_empty());
        }
    }

    /// Writes the next version and makes it the current one.
    pub(super) fn write_next(&mut self, keyspace: &Path) -> Result<()> {
        self.number += 1;
        let bytes = encode(&self.levels)?;
        let path = version_path(keyspace, self.number);
        let mut file = File::create(&path)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        sync_folder(keyspace)?;
        let mut current = self.number.to_le_bytes().to_vec();
        current.extend(xxh3_128(&bytes).to_le_bytes());
        current.push(XXH3);
        replace(&keyspace.join("current"), &current)?;
        Ok(())
    }
}

fn encode(levels: &[Vec<Vec<TableEntry>>]) -> Result<Vec<u8>> {
    let mut tables = vec![LEVELS as u8];
    for runs in levels {
        tables.push(u8::try_from(runs.len()).map_err(Fault::damaged)?);
        for run in runs {
            tables.extend(
                u32::try_from(run.len())
                    .map_err(Fault::damaged)?
                    .to_le_bytes(),
            );
            for table in run {
                tables.extend(table.id.to_le_bytes());
                tables.push(XXH3);
                tables.extend(table.checksum.to_le_bytes());
                tables.extend(table.sequence.to_le_bytes());
            }
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    let mut archive = sfa::Writer::from_writer(&mut bytes);
    let sections: [(&str, &[u8]); 8] = [
        ("format_version", &[3]),
        ("crate_version", b"3.1"),
        ("tree_type", &[0]),
        ("level_count", &[LEVELS as u8]),
        ("filter_hash_type", &[XXH3]),
        ("tables", &tables),
        // No values are kept apart from their keys: no blob files, no statistics of them.
        ("blob_files", &[0; 4]),
        ("blob_gc_stats", &[0; 4]),
    ];
    for (name, content) in sections {
        archive.start(name)?;
        archive.write_all(content)?;
    }
    archive.finish().map_err(Fault::damaged)?;
    Ok(bytes.into_inner())
}

fn decode(bytes: &[u8]) -> Result<Vec<Vec<Vec<TableEntry>>>> {
    let archive = sfa::Reader::from_reader(&mut Cursor::new(bytes)).map_err(Fault::damaged)?;
    let section = archive.toc().section(b"tables");
    let section = section.ok_or_else(|| Fault::damaged("a list without tables"))?;
    let (start, len) = (section.pos() as usize, section.len() as usize);
    let tables = start.checked_add(len).and_then(|end| bytes.get(start..end));
    let mut rest = tables.ok_or_else(|| Fault::damaged("a list that ends early"))?;
    let mut levels = Vec::new();
    for _ in 0..take_u8(&mut rest)? {
        let mut runs = Vec::new();
        for _ in 0..take_u8(&mut rest)? {
            let mut run = Vec::new();
            for _ in 0..take_u32(&mut rest)? {
                let id = take_u64(&mut rest)?;
                let _checksum_type = take_u8(&mut rest)?;
                let checksum = take_u128(&mut rest)?;
                let sequence = take_u64(&mut rest)?;
                run.push(TableEntry {
                    id,
                    checksum,
                    sequence,
                });
            }
            runs.push(run);
        }
        levels.push(runs);
    }
    Ok(levels)
}

fn take<const N: usize>(from: &mut &[u8]) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn take_u8(from: &mut &[u8]) -> Result<u8> {
    Ok(u8::from_le_bytes(take(from)?))
}

fn take_u32(from: &mut &[u8]) -> Result<u32> {
    Ok(u32::from_le_bytes(take(from)?))
}

fn take_u64(from: &mut &[u8]) -> Result<u64> {
    Ok(u64::from_le_bytes(take(from)?))
}

fn take_u128(from: &mut &[u8]) -> Result<u128> {
    Ok(u128::from_le_bytes(take(from)?))
}
