//! Presence: who is subscribed to a topic now.

use crate::bounded::List;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::user::User;

/// The most members that one frame lists. Above it, `count` is still right.
pub const MEMBERS_MAX: usize = 200;

/// A user who is present, and on how many connections.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Member {
    /// Who is present.
    pub user: User,
    /// On how many connections: two tabs are two.
    pub connections: u32,
}

/// Everybody who is present, in order of user id.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Members {
    /// How many users are present, listed or not.
    pub count: u32,
    /// The first 200 ([`MEMBERS_MAX`]) of them.
    pub listed: List<Member, MEMBERS_MAX>,
}
