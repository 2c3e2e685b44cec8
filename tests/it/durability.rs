//! What is acknowledged is kept: through kills, frozen machines, cut lines and full disks.

use std::time::Duration;

use trunkline_tests::{Proxy, ServerProcess, Soak, TestServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_and_double_nothing() {
    let mut server = ServerProcess::start(&[]).await;
    let soak = Soak::start(&server.base(), server.address(), 5, 2).await;
    for round in 0..20 {
        // Not always at the same point of the talk.
        soak.acknowledged(10 + round * 3).await;
        server = server.kill_and_restart().await;
    }
    soak.acknowledged(20).await;
    let count = soak.finish().await;
    assert!(count > 20 * 10, "{count} messages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_froze_for_longer_than_the_heartbeat_loses_nothing() {
    let server = ServerProcess::start(&[]).await;
    let soak = Soak::start(&server.base(), server.address(), 3, 2).await;
    soak.acknowledged(20).await;
    server.freeze().await;
    // Clients take a line for dead after 15 seconds of silence, and try others meanwhile.
    tokio::time::sleep(Duration::from_secs(17)).await;
    server.thaw().await;
    soak.acknowledged(20).await;
    soak.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_are_cut_at_random_lose_nothing() {
    let server = TestServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let soak = Soak::start(&server.base(), proxy.address(), 4, 2).await;
    for round in 0..15 {
        soak.acknowledged(1 + round * 7 % 23).await;
        if round % 4 == 3 {
            proxy.silence();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        proxy.cut();
        proxy.mend();
    }
    soak.finish().await;
}

#[tokio::test]
async fn a_data_folder_serves_one_server() {
    let server = ServerProcess::start(&[]).await;
    let folder = server.data().to_str().expect("a folder of the test");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", folder];
    let second = ServerProcess::run(&arguments).await;
    assert_eq!(second.status.code(), Some(1));
    let line = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        line.starts_with("error: another server uses the data folder") && line.lines().count() == 1,
        "{line}"
    );
}
