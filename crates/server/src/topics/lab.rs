//! The lab: answers that cost nothing, to measure what the rest of a round trip costs.

use trunkline_protocol::Error;
use trunkline_protocol::topics::lab::{Echo, EchoText};

use super::handler::{CallContext, CallHandler};

/// Sends a text back as it came.
pub(crate) struct EchoHandler;

impl CallHandler for EchoHandler {
    type Call = Echo;

    async fn on_call(&self, _: &CallContext<'_>, request: EchoText) -> Result<EchoText, Error> {
        Ok(request)
    }
}
