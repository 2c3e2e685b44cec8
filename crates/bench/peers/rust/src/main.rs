//! Servers to compare with, written as their own documentation writes them.
//!
//! All keep one contract: they print the port; who connects to `/room/NAME` gets every message
//! that is sent there, one's own too; `/echo` sends everything back. `raw` is no server that one
//! would use: it is what the kernel alone costs.

mod raw;
mod socket_io;
mod tutorial;

use std::error::Error;

use tokio::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("raw") => raw::serve(raw::Writes::EachMessage)?,
        Some("raw-corked") => raw::serve(raw::Writes::EachTick)?,
        Some("axum") => serve(tutorial::router())?,
        Some("socketioxide") => serve(socket_io::router())?,
        other => return Err(format!("no such server: {other:?}").into()),
    }
    Ok(())
}

#[tokio::main]
async fn serve(router: axum::Router) -> Result<(), Box<dyn Error>> {
    use axum::serve::ListenerExt as _;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}
