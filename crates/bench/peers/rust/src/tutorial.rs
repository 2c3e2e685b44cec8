//! axum as its chat example has it: a broadcast channel for a room, two tasks for a connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::broadcast;

/// More than any scenario has under way: who falls further behind loses messages.
const CAPACITY: usize = 1024;

#[derive(Clone, Default)]
struct Rooms(Arc<Mutex<HashMap<String, broadcast::Sender<Utf8Bytes>>>>);

pub fn router() -> Router {
    Router::new()
        .route("/room/{name}", any(room))
        .route("/echo", any(echo))
        .with_state(Rooms::default())
}

impl Rooms {
    fn get(&self, name: String) -> broadcast::Sender<Utf8Bytes> {
        let mut rooms = self.0.lock().expect("nothing panics here");
        let room = rooms.entry(name);
        room.or_insert_with(|| broadcast::channel(CAPACITY).0)
            .clone()
    }
}

async fn room(
    upgrade: WebSocketUpgrade,
    Path(name): Path<String>,
    State(rooms): State<Rooms>,
) -> Response {
    upgrade.on_upgrade(move |socket| converse(socket, rooms.get(name)))
}

async fn converse(socket: WebSocket, room: broadcast::Sender<Utf8Bytes>) {
    let (mut sender, mut receiver) = socket.split();
    let mut said = room.subscribe();
    let mut sending = tokio::spawn(async move {
        while let Ok(text) = said.recv().await {
            if sender.send(Message::Text(text)).await.is_err() {
                break;
            }
        }
    });
    let mut receiving = tokio::spawn(async move {
        while let Some(Ok(Message::Text(text))) = receiver.next().await {
            let _ = room.send(text);
        }
    });
    tokio::select! {
        _ = &mut sending => receiving.abort(),
        _ = &mut receiving => sending.abort(),
    }
}

async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket: WebSocket| {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
                break;
            }
        }
    })
}
