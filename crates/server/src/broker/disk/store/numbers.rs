//! Numbers: what belongs to the store and to no topic.

use fjall::Keyspace;

use super::super::record;

/// Reads a number of the store's own. One that is damaged counts as missing.
pub(super) fn read(table: &Keyspace, key: &str) -> anyhow::Result<Option<u64>> {
    let Some(value) = find(table, key.as_bytes())? else {
        return Ok(None);
    };
    Ok(record::read_number(key.as_bytes(), &value))
}

/// Finds the newest value of a key. Point reads trust the order of the tables, which may be lost;
/// ranges compare sequence numbers.
pub(super) fn find(table: &Keyspace, key: &[u8]) -> anyhow::Result<Option<fjall::UserValue>> {
    match table.range(key..=key).next() {
        Some(entry) => Ok(Some(entry.into_inner()?.1)),
        None => Ok(None),
    }
}
