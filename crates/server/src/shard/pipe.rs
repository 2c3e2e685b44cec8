//! A pipe: bytes from a shard to a task of the runtime, in memory.
//!
//! It stands in for a socket where a conversation goes out as the response to an HTTP request. The
//! shard writes, never waits, and is told through its inbox when there is room again or when the
//! reader has left. Nothing comes back through a pipe.

use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{BufMut, BytesMut};
use trunkline_hub::ConnectionId;

use super::inbox::{Inbox, Note};
use super::socket::Socket;

/// The bytes that a pipe holds. A reader that stops leaves the rest in its connection's outbox.
const PIPE_LEN_MAX: usize = 64 * 1024;

#[derive(Default)]
struct State {
    bytes: BytesMut,
    /// The shard had more than there was room for.
    full: bool,
    /// The shard writes nothing more.
    finished: bool,
    /// The reader is gone.
    left: bool,
    reader: Option<Waker>,
    /// Whom to tell that something moved.
    home: Option<(Arc<Inbox>, ConnectionId)>,
}

type Shared = Arc<Mutex<State>>;

/// Reaches the state. Nothing is told under its lock, neither the reader nor the shard.
fn with<R>(shared: &Shared, reach: impl FnOnce(&mut State) -> R) -> R {
    reach(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

fn tell(home: Option<(Arc<Inbox>, ConnectionId)>) {
    if let Some((inbox, connection)) = home {
        inbox.push(Note::Moved(connection));
    }
}

/// Makes the two ends of a pipe, the first for a shard.
pub(crate) fn pipe() -> (Socket, PipeReader) {
    let (near, far) = ends();
    (Socket::Pipe(near), far)
}

fn ends() -> (Pipe, PipeReader) {
    let shared = Shared::default();
    (Pipe(Arc::clone(&shared)), PipeReader(shared))
}

/// The shard's end.
pub(crate) struct Pipe(Shared);

impl Pipe {
    /// Names the connection that is to be told when something moves.
    pub(super) fn settle(&self, inbox: &Arc<Inbox>, connection: ConnectionId) {
        let home = (Arc::clone(inbox), connection);
        let left = with(&self.0, |state| {
            state.home = Some(home.clone());
            state.left
        });
        tell(left.then_some(home));
    }

    /// Says that the reader is gone, by the end of what it never says.
    pub(super) fn read(&self) -> io::Result<usize> {
        if with(&self.0, |state| state.left) {
            Ok(0)
        } else {
            Err(io::ErrorKind::WouldBlock.into())
        }
    }

    /// Writes as much as there is room for, and returns how many bytes that were.
    pub(super) fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let (result, reader) = with(&self.0, |state| {
            if state.left {
                return (Err(io::ErrorKind::BrokenPipe.into()), None);
            }
            let before = state.bytes.len();
            for slice in slices {
                let room = PIPE_LEN_MAX - state.bytes.len();
                state.bytes.put_slice(&slice[..slice.len().min(room)]);
                if slice.len() > room {
                    state.full = true;
                    break;
                }
            }
            let taken = state.bytes.len() - before;
            let reader = (taken > 0).then(|| state.reader.take()).flatten();
            (Ok(taken), reader)
        });
        if let Some(reader) = reader {
            reader.wake();
        }
        result
    }

    /// Tells the reader that nothing more comes.
    pub(super) fn finish(&self) {
        let reader = with(&self.0, |state| {
            state.finished = true;
            state.reader.take()
        });
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The other end. Dropping it ends the connection.
pub(crate) struct PipeReader(Shared);

impl PipeReader {
    /// What was written since the last look. None when nothing more comes.
    pub(crate) fn poll_read(&self, context: &Context<'_>) -> Poll<Option<BytesMut>> {
        let (polled, home) = with(&self.0, |state| {
            if !state.bytes.is_empty() {
                let full = std::mem::take(&mut state.full);
                let home = full.then(|| state.home.clone()).flatten();
                return (Poll::Ready(Some(state.bytes.split())), home);
            }
            if state.finished {
                return (Poll::Ready(None), None);
            }
            state.reader = Some(context.waker().clone());
            (Poll::Pending, None)
        });
        tell(home);
        polled
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let home = with(&self.0, |state| {
            state.left = true;
            state.bytes = BytesMut::new();
            state.home.clone()
        });
        tell(home);
    }
}

#[cfg(test)]
mod tests {
    use mio::{Poll as Poller, Token};

    use super::*;

    const CONNECTION: ConnectionId = 7;

    fn inbox() -> (Poller, Arc<Inbox>) {
        let poller = Poller::new().expect("room for a queue");
        let inbox = Inbox::new(poller.registry(), Token(0)).expect("room for a waker");
        (poller, Arc::new(inbox))
    }

    fn told(inbox: &Inbox) -> usize {
        let moved = |note: &Note| matches!(note, Note::Moved(CONNECTION));
        inbox.take().all.iter().filter(|note| moved(note)).count()
    }

    fn write(pipe: &Pipe, slices: &[&[u8]]) -> Option<usize> {
        let slices: Vec<_> = slices.iter().map(|slice| IoSlice::new(slice)).collect();
        pipe.write(&slices).ok()
    }

    fn read(reader: &PipeReader) -> Poll<Option<usize>> {
        let context = Context::from_waker(Waker::noop());
        reader.poll_read(&context).map(|it| it.map(|it| it.len()))
    }

    #[test]
    fn a_full_pipe_tells_the_shard_once_when_there_is_room() {
        let (_poller, inbox) = inbox();
        let (pipe, reader) = ends();
        pipe.settle(&inbox, CONNECTION);
        let half = vec![1; PIPE_LEN_MAX / 2];
        assert_eq!(write(&pipe, &[&half]), Some(half.len()));
        assert_eq!(write(&pipe, &[b"x", &half, b"y"]), Some(half.len()));
        assert_eq!(write(&pipe, &[b"z"]), Some(0));
        assert_eq!(told(&inbox), 0);
        assert_eq!(read(&reader), Poll::Ready(Some(PIPE_LEN_MAX)));
        assert_eq!(read(&reader), Poll::Pending);
        assert_eq!(told(&inbox), 1);
        assert_eq!(write(&pipe, &[b"z"]), Some(1));
    }

    #[test]
    fn what_was_written_is_read_before_the_end() {
        let (pipe, reader) = ends();
        write(&pipe, &[b"last"]);
        drop(pipe);
        assert_eq!(read(&reader), Poll::Ready(Some(4)));
        assert_eq!(read(&reader), Poll::Ready(None));
    }

    #[test]
    fn a_reader_that_leaves_is_an_end_and_a_broken_pipe() {
        let (_poller, inbox) = inbox();
        let (pipe, reader) = ends();
        pipe.settle(&inbox, CONNECTION);
        assert!(pipe.read().is_err(), "there is nothing to read");
        drop(reader);
        assert_eq!(told(&inbox), 1);
        assert_eq!(pipe.read().ok(), Some(0));
        assert_eq!(write(&pipe, &[b"x"]), None);
    }

    #[test]
    fn a_reader_that_left_before_its_connection_settled_is_told_of() {
        let (_poller, inbox) = inbox();
        let (pipe, reader) = ends();
        drop(reader);
        pipe.settle(&inbox, CONNECTION);
        assert_eq!(told(&inbox), 1);
    }
}
