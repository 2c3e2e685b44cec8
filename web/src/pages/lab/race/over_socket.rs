//! The lanes over WebSockets: one in JSON, one in bincode.

use futures_util::{SinkExt, StreamExt};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use trunkline_protocol::frame::Start;
use trunkline_protocol::{ClientFrame, Codec, ServerFrame, Subprotocol};

use super::entrant::Entrant;

/// Reads a WebSocket as long as it lasts.
pub(super) async fn socket(entrant: Entrant, codec: Codec) {
    let url = format!("ws://{}/ws", entrant.place);
    entrant.count_request();
    let Ok(mut socket) = WebSocket::open_with_protocol(&url, Subprotocol::name(codec)) else {
        return entrant.fail("the browser opens no WebSocket");
    };
    let connect = entrant.connect(codec, Start::default());
    if let Err(error) = socket.send(message(codec, connect)).await {
        return entrant.fail(error.to_string());
    }
    while let Some(message_or_error) = socket.next().await {
        let bytes = match message_or_error {
            Ok(Message::Text(text)) => text.into_bytes(),
            Ok(Message::Bytes(bytes)) => bytes,
            Err(error) => return entrant.fail(error.to_string()),
        };
        match codec.decode(&bytes) {
            Ok(ServerFrame::Publication { event, .. }) => {
                let batch = entrant.next_batch();
                entrant.take(codec, event.0.as_bytes(), batch);
            }
            Ok(ServerFrame::Ping { .. }) => {
                let pong = codec.encode(&ClientFrame::Pong).to_vec();
                if let Err(error) = socket.send(message(codec, pong)).await {
                    return entrant.fail(error.to_string());
                }
            }
            Ok(ServerFrame::Refused { error, .. }) => return entrant.fail(error.to_string()),
            // Greetings; nothing is kept that could stand in the subscription's answer.
            Ok(_) | Err(_) => {}
        }
    }
    entrant.fail("the WebSocket ended");
}

fn message(codec: Codec, bytes: Vec<u8>) -> Message {
    match codec {
        Codec::Bincode => Message::Bytes(bytes),
        Codec::Json => Message::Text(String::from_utf8(bytes).unwrap_or_default()),
    }
}
