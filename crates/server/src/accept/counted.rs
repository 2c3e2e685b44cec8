//! Counts open connections, and limits them.
//!
//! The count hangs on the socket itself, so that it stays right wherever the socket is moved to:
//! an upgraded one has long left the task that accepted it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
    permit: OwnedSemaphorePermit,
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
            permit,
        }
    }

    fn count(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(len)) = polled {
            self.traffic.add_sent(len);
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
            self.traffic.add_received(buf.filled().len() - before);
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
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.count(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.count(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
