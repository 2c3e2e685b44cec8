//! Places in a topic: offset, epoch, position, and the gaps between what was and what arrived.

use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;

/// A publication's number in its topic. The first is 1; 0 is the place before it.
///
/// At most 2^53 − 1, so that every JSON reader holds it exactly.
pub type Offset = u64;

/// The lifetime of a topic's history. A history that lost something gets another epoch, so that
/// an offset never names two different publications.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Contract,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Epoch(pub u32);

/// Where a reader stands: the offset of the last publication it has, and the epoch it belongs to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Position {
    /// The lifetime of the history.
    pub epoch: Epoch,
    /// The last offset that the reader has.
    pub offset: Offset,
}

/// Publications that a reader did not get and will not get.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gap {
    /// The first offset that is missing.
    pub from: Offset,
    /// The last offset that is missing. Below `from` when nobody knows, which is so after a
    /// change of epoch.
    pub to: Offset,
    /// How many publications of that range are missing; 0 when nobody knows.
    pub count: u64,
    /// Why they are missing.
    pub cause: GapCause,
}

/// Why publications are missing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// They are older than what the topic keeps.
    Retention,
    /// The history is another one: the reader's position belongs to another epoch, or its event to
    /// another branch of this one.
    Epoch,
    /// The reader was behind, and the topic's delivery lets old values give way.
    Slow,
    /// They were overtaken by newer values of the same key.
    Conflated,
}
