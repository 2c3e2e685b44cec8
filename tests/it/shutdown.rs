//! The end of a server: every session is told, new ones are sent elsewhere.

use trunkline_protocol::{Codec, DisconnectReason};
use trunkline_tests::{Peer, ServerProcess, TestServer};

#[tokio::test]
async fn every_session_is_told_of_a_restart() {
    let mut server = TestServer::start().await;
    let mut peers = Vec::new();
    for number in 0..20 {
        peers.push(server.peer(&format!("guest {number}")).await);
    }
    // One who has not said who they are is told, too.
    peers.push(Peer::open(&server, Codec::Json).await);
    let stopping = server.stop();
    let told = async {
        for peer in &mut peers {
            assert_eq!(peer.closed().await.0, DisconnectReason::Restart);
        }
    };
    tokio::join!(stopping, told);
}

#[tokio::test]
async fn a_terminated_process_ends_in_peace() {
    let server = ServerProcess::start(&[]).await;
    assert_eq!(server.terminate().await, Some(0));
}
