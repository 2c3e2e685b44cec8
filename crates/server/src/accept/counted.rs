//! Counts open connections, and limits them.
//!
//! The count hangs on the socket itself, so that it stays right wherever the socket is moved to:
//! an upgraded one has long left the task that accepted it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

    /// Counts a stream in, or gives it back when there are too many.
    pub(super) fn admit(&self, stream: TcpStream) -> Result<CountedStream, TcpStream> {
        match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => Ok(CountedStream { stream, permit }),
            Err(_) => Err(stream),
        }
    }
}

/// A TCP stream that counts as an open connection until it is dropped.
#[derive(Debug)]
pub(crate) struct CountedStream {
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
}

impl CountedStream {
    /// The stream, and what counts it for as long as it is kept.
    pub(crate) fn into_parts(self) -> (TcpStream, OwnedSemaphorePermit) {
        (self.stream, self.permit)
    }

    pub(super) fn set_nodelay(&self) -> io::Result<()> {
        self.stream.set_nodelay(true)
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
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
