//! `POST /http/poll`: a conversation that ends with its first news, as one response.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};
use trunkline_protocol::{Codec, ServerFrame};
use trunkline_session::Gathering;

use super::frames::{Frames, Sent, Write};
use super::stream::{Frameful, media_type};
use super::{OverHttp, refusal, unbuffered};
use crate::accept::PeerEnd;
use crate::problem::Problem;

/// How long a poll waits for news that does not say how long.
const WAIT: Duration = Duration::from_secs(25);

/// The longest that it waits: many proxies cut a request that is quiet for a minute.
const WAIT_MAX: Duration = Duration::from_secs(50);

/// Time for which a poll still waits once its peer has closed its sending half: long enough that a
/// client that does so for each request does not ask in a tight loop, short where it is gone.
const WAIT_AFTER_END: Duration = Duration::from_secs(1);

/// The reply ends after about so many bytes. The rest is for the next poll.
const REPLY_LEN_MAX: usize = 256 * 1024;

#[derive(Deserialize)]
pub(super) struct Asked {
    /// In seconds.
    wait: Option<u32>,
}

pub(super) async fn answer(
    State(http): State<OverHttp>,
    asked: Result<Query<Asked>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|rejection| refusal::query(&rejection))?;
    let wait = asked.wait.map_or(WAIT, |it| Duration::from_secs(it.into()));
    let wait = wait.min(WAIT_MAX);
    let end = request.extensions().get::<PeerEnd>().cloned();
    let connect = http.read_connect(request).await?;
    let until = Instant::now() + wait;
    let codec = connect.codec;
    let mut reply = Reply {
        gathering: Gathering::new(connect.subscriptions),
        writer: Frameful(codec),
        codec,
        bytes: Vec::new(),
    };
    let mut frames = Frames::begin(&http, connect, wait + http.patience);
    // A poll that does not wait for news waits for its answers all the same. Without them the
    // reply would say nothing; so it ends as it is if even they take too long.
    let answered = reply.gather(&mut frames, Gathering::is_answered);
    if timeout(http.patience, answered).await.is_ok() {
        let news = timeout_at(until, reply.gather(&mut frames, Gathering::is_enough));
        // Both may be dropped at any time.
        tokio::select! {
            biased;
            _ = news => {}
            () = ended_for(end, WAIT_AFTER_END) => {}
        }
    }
    Ok(unbuffered(
        Response::new(Body::from(reply.bytes)),
        media_type(codec),
    ))
}

/// Waits until the peer has closed its sending half for so long. Over HTTP/2 that ends the connection.
async fn ended_for(end: Option<PeerEnd>, limit: Duration) {
    match end {
        Some(end) => {
            end.noted().await;
            tokio::time::sleep(limit).await;
        }
        None => std::future::pending().await,
    }
}

struct Reply {
    gathering: Gathering,
    writer: Frameful,
    codec: Codec,
    bytes: Vec<u8>,
}

impl Reply {
    /// Takes in frames until `is_done`, and then what else is there already. What came is kept when
    /// this is dropped before.
    async fn gather(&mut self, frames: &mut Frames, is_done: fn(&Gathering) -> bool) {
        poll_fn(|context| {
            while !(is_done(&self.gathering) && self.bytes.len() >= REPLY_LEN_MAX) {
                match frames.poll_next(context, |sent| self.take(sent)) {
                    Poll::Ready(ControlFlow::Continue(())) => {}
                    Poll::Ready(ControlFlow::Break(())) => break,
                    Poll::Pending if is_done(&self.gathering) => break,
                    Poll::Pending => return Poll::Pending,
                }
            }
            Poll::Ready(())
        })
        .await;
    }

    fn take(&mut self, sent: Sent<'_>) -> ControlFlow<()> {
        match sent {
            // Whether a frame is news matters until there is some.
            Sent::Frame(frame) if !self.gathering.is_enough() => {
                if let Ok(frame) = self.codec.decode(frame) {
                    self.gathering.handle_frame(&frame);
                }
            }
            Sent::Frame(_) => {}
            Sent::End(code, reason) => {
                let reason = trunkline_protocol::Text::cut(reason);
                let end = ServerFrame::Disconnect { code, reason };
                self.gathering.handle_frame(&end);
            }
        }
        self.writer.write(sent, &mut self.bytes)
    }
}
