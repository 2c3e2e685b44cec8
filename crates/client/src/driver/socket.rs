//! One turn of a WebSocket: write what there is room for, then read.

use std::task::{Context, Poll};

use futures_util::{SinkExt, StreamExt};
use trunkline_protocol::{ClientFrame, Codec, DisconnectReason};

use crate::platform::{Incoming, Outgoing, Socket};

/// Writes to a socket, then reads from it. `sent` is told each frame that was written, and its
/// length.
pub(super) fn poll_socket(
    socket: &mut Socket,
    codec: Codec,
    context: &mut Context<'_>,
    next: impl FnMut() -> Option<ClientFrame>,
    sent: impl Fn(&ClientFrame, usize),
) -> Poll<Incoming> {
    if let Poll::Ready(reason) = poll_write(socket, codec, context, next, sent) {
        return Poll::Ready(Incoming::Closed(reason));
    }
    let incoming = socket.incoming.poll_next_unpin(context);
    incoming.map(|message| message.unwrap_or(Incoming::Closed(DisconnectReason::Lost)))
}

/// Writes while there is something to write and room for it. Ready only when the line breaks.
fn poll_write(
    socket: &mut Socket,
    codec: Codec,
    context: &mut Context<'_>,
    mut next: impl FnMut() -> Option<ClientFrame>,
    sent: impl Fn(&ClientFrame, usize),
) -> Poll<DisconnectReason> {
    let outgoing = &mut socket.outgoing;
    loop {
        match outgoing.poll_ready_unpin(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(_)) => return Poll::Ready(DisconnectReason::Lost),
            Poll::Ready(Ok(())) => {}
        }
        let Some(frame) = next() else { break };
        let bytes = codec.encode(&frame);
        let len = bytes.len();
        if outgoing.start_send_unpin(Outgoing::Frame(bytes)).is_err() {
            return Poll::Ready(DisconnectReason::Lost);
        }
        sent(&frame, len);
    }
    match outgoing.poll_flush_unpin(context) {
        Poll::Ready(Err(_)) => Poll::Ready(DisconnectReason::Lost),
        Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
    }
}
