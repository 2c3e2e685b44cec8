//! The lab: what there is to try and to measure a server with. Nothing here means anything.

use crate::bounded::Text;
use crate::call::Call;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;

/// The longest text that is sent back, in bytes.
pub const ECHO_LEN_MAX: usize = 4096;

/// Sends a text back as it came: what a round trip costs, and nothing else.
pub enum Echo {}

impl Call for Echo {
    const METHOD: &'static str = "lab.echo";
    type Request = EchoText;
    type Response = EchoText;
}

/// What is sent, and comes back.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EchoText {
    /// Anything.
    pub text: Text<ECHO_LEN_MAX>,
}
