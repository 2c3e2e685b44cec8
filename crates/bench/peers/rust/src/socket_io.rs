//! socketioxide: Socket.IO in Rust.

use axum::Router;
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};

pub fn router() -> Router {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", on_connect);
    Router::new().layer(layer)
}

async fn on_connect(socket: SocketRef) {
    let query = socket.req_parts().uri.query().unwrap_or_default();
    let room = query.split('&').find_map(|it| it.strip_prefix("room="));
    match room.map(str::to_owned) {
        Some(room) => {
            socket.join(room.clone());
            socket.on("m", async move |socket: SocketRef, Data::<String>(text)| {
                let _ = socket.within(room.clone()).emit("m", &text).await;
            });
        }
        None => socket.on("m", async |socket: SocketRef, Data::<String>(text)| {
            let _ = socket.emit("m", &text);
        }),
    }
}
