//! Counts open connections, and limits them.
//!
//! The count hangs on the socket itself, so that it stays right wherever the socket is moved to:
//! an upgraded one has long left the task that accepted it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

use super::patience::Patience;
use super::uptake::Uptake;
use crate::traffic::Traffic;

/// How many connections are open, and how many may be.
#[derive(Clone, Debug)]
pub(crate) struct OpenConnections {
    free: Arc<Semaphore>,
    max: usize,
}

impl OpenConnections {
    pub(crate) fn new(max: usize) -> Self {
        let max = max.min(Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(max)),
            max,
        }
    }

    /// Returns how many connections are open now.
    pub(crate) fn count(&self) -> usize {
        self.max - self.free.available_permits()
    }

    /// Counts a connection in for as long as the permit is kept. None if there are too many.
    pub(super) fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }
}

/// A TCP stream that counts as an open connection until it is dropped.
#[derive(Debug)]
pub(crate) struct CountedStream {
    stream: TcpStream,
    /// What was read before.
    early: Bytes,
    traffic: Arc<Traffic>,
    uptake: Arc<Uptake>,
    /// Told what arrives. None until the connection is served.
    patience: Option<Arc<Patience>>,
    permit: OwnedSemaphorePermit,
    farewell: Option<Box<Farewell>>,
}

/// The time in which what still comes is read and dropped, once nothing more is sent. Closing a
/// connection with unread bytes resets it, and the peer may lose the last answer.
#[derive(Debug)]
struct Farewell {
    quiet: Pin<Box<Sleep>>,
    until: Instant,
    dropped: usize,
}

/// Time for which a peer that was told the end may be quiet before its connection is closed.
const QUIET_MAX: Duration = Duration::from_secs(1);

/// Time for which it may go on to send, and bytes that it may send in that time.
const FAREWELL_MAX: Duration = Duration::from_secs(10);
const DROPPED_LEN_MAX: usize = 1024 * 1024;

impl Farewell {
    fn begin() -> Box<Self> {
        let now = Instant::now();
        Box::new(Self {
            quiet: Box::pin(sleep_until(now + QUIET_MAX)),
            until: now + FAREWELL_MAX,
            dropped: 0,
        })
    }

    /// Drops what comes, until the peer closes or has had its time.
    fn poll_end(&mut self, stream: &mut TcpStream, cx: &mut Context<'_>) -> Poll<()> {
        let mut ignored = [0; 4 * 1024];
        loop {
            let mut buf = ReadBuf::new(&mut ignored);
            let polled = Pin::new(&mut *stream).poll_read(cx, &mut buf);
            let len = buf.filled().len();
            match polled {
                Poll::Ready(Ok(())) if len > 0 && self.dropped < DROPPED_LEN_MAX => {
                    self.dropped += len;
                    let quiet = (Instant::now() + QUIET_MAX).min(self.until);
                    self.quiet.as_mut().reset(quiet);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.quiet.as_mut().poll(cx),
            }
        }
    }
}

impl CountedStream {
    /// A stream that was counted in, of which `early` was read already.
    pub(super) fn new(
        stream: TcpStream,
        early: Bytes,
        traffic: Arc<Traffic>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            stream,
            early,
            traffic,
            uptake: Arc::default(),
            patience: None,
            permit,
            farewell: None,
        }
    }

    /// Returns the record of what the peer takes.
    pub(super) fn uptake(&self) -> Arc<Uptake> {
        Arc::clone(&self.uptake)
    }

    /// Tells `patience` what arrives from now on.
    pub(super) fn tell(&mut self, patience: &Arc<Patience>) {
        self.patience = Some(Arc::clone(patience));
    }

    /// Gives up what waits, here and in the kernel, if it was decided to.
    fn check(&self) -> io::Result<()> {
        if !self.uptake.is_cut() {
            return Ok(());
        }
        // If it fails, the kernel keeps what waits for a while longer.
        let _ = self.stream.set_zero_linger();
        Err(io::ErrorKind::TimedOut.into())
    }

    /// Counts what a write of `len` bytes came to.
    fn count(&self, polled: Poll<io::Result<usize>>, len: usize) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Ready(Ok(taken)) => {
                self.traffic.add_sent(taken);
                self.uptake.took(taken, taken == len);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.uptake.block(),
        }
        polled
    }

    /// The stream, what was read before and not taken, and what counts it for as long as it is
    /// kept.
    pub(crate) fn into_parts(self) -> (TcpStream, Bytes, OwnedSemaphorePermit) {
        (self.stream, self.early, self.permit)
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            let before = buf.filled().len();
            let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
            let len = buf.filled().len() - before;
            self.traffic.add_received(len);
            if let (Some(patience), Poll::Ready(Ok(()))) = (&self.patience, &polled) {
                if len > 0 {
                    patience.hear();
                } else if buf.remaining() > 0 && patience.hold_end(cx.waker()) {
                    return Poll::Pending;
                }
            }
            return polled;
        }
        let len = self.early.len().min(buf.remaining());
        buf.put_slice(&self.early[..len]);
        self.early.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.count(polled, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.count(polled, slices.iter().map(|it| it.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        if let Some(patience) = &self.patience {
            patience.flush();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.farewell.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        }
        let farewell = this.farewell.get_or_insert_with(Farewell::begin);
        farewell.poll_end(&mut this.stream, cx).map(Ok)
    }
}
