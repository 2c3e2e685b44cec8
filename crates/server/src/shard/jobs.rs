//! Jobs: what handlers and brokers do for a connection, beside the loop of its shard.
//!
//! A job takes its first step on the shard. Most end with it, since handlers compute and history is
//! in memory, and then cost no task and no wake-up. One that has to wait moves to the runtime, and
//! its outcome comes back through the inbox.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;
use trunkline_hub::{CatchUp, ConnectionId};
use trunkline_protocol::{Error, ErrorCode, Payload, RequestId, ServerFrame};

use super::inbox::{Inbox, Note};
use crate::broker::KeptPage;
use crate::requests::{Begin, SubscribeRequest};

/// What became of a job.
pub(crate) enum Outcome {
    /// The answer to a request that was carried out in its turn.
    Answer(RequestId, Result<ServerFrame, Error>),
    /// Where a subscription that has joined starts.
    Begun(SubscribeRequest, Result<Begin, Error>),
    /// A page for a subscription that is behind. None if it cannot be read now.
    Fed(CatchUp, Option<KeptPage>),
    /// The answer to a call.
    Returned(RequestId, Result<Payload, Error>),
}

pub(crate) type Job = BoxFuture<'static, Outcome>;

/// A job after its first step.
pub(super) enum Begun {
    Done(Outcome),
    /// It goes on elsewhere, and can be stopped.
    Later(AbortHandle),
}

/// Begins a job. Inside the runtime's context.
pub(super) fn begin(
    connection: ConnectionId,
    mut job: Job,
    inbox: &Arc<Inbox>,
    tasks: &TaskTracker,
) -> Begun {
    // Nobody needs to be woken: if it has to wait, it is polled again at once, by its task.
    let mut context = Context::from_waker(Waker::noop());
    if let Poll::Ready(outcome) = job.poll_unpin(&mut context) {
        return Begun::Done(outcome);
    }
    let inbox = Arc::clone(inbox);
    let task = tasks.spawn(async move {
        inbox.push(Note::Done(connection, job.await));
    });
    Begun::Later(task.abort_handle())
}

/// Turns a panic into a refusal, so that a handler that panics takes down its request and nothing
/// else.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let result = AssertUnwindSafe(work).catch_unwind().await;
    result.unwrap_or_else(|_| Err(Error::new(ErrorCode::Internal, "")))
}
