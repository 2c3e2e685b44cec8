//! Notices that wait for their time: through restarts and kills, each told once.

use std::time::Duration;

use serde_json::{Value, json};
use trunkline_protocol::Codec;
use trunkline_server::Broker;
use trunkline_tests::{Asking, Peer, ServerProcess, TestServer, until};

use crate::alerts::{KEY, kept, notice, notify, now, start, to, waiting, with_key};

#[tokio::test]
async fn a_scheduled_notice_survives_a_restart_and_comes_once() {
    let server = start().await;
    let ada = server.peer("ada").await;
    let schedule = |id: &str, at: u32| {
        let mut body = notice(id, &to(&ada), id);
        body["at"] = json!(at);
        body
    };
    let soon = now() + 2;
    let accepted = (202, json!({"id": "soon", "at": soon}));
    assert_eq!(notify(&server, &schedule("soon", soon)).await, accepted);
    assert_eq!(
        notify(&server, &schedule("soon", soon + 50)).await,
        accepted
    );
    notify(&server, &schedule("much-later", now() + 5000)).await;
    notify(&server, &schedule("later", now() + 1000)).await;
    assert_eq!(waiting(&server).await, ["soon", "later", "much-later"]);
    let cancel = async |server: &TestServer, id: &str| {
        let path = format!("/api/notices?id={id}");
        let asking = Asking::get(server.address(), &path).delete().token(KEY);
        asking.send().await.json().await["cancelled"].clone()
    };
    assert_eq!(cancel(&server, "much-later").await, true);
    assert_eq!(cancel(&server, "much-later").await, false);
    let server = server.restart_with(with_key).await;
    until("the notice to be told", async || {
        (kept(&server, ada.user().id).await == ["soon"]).then_some(())
    })
    .await;
    assert!(now() >= soon);
    until("the notice to be forgotten", async || {
        (waiting(&server).await == ["later"]).then_some(())
    })
    .await;
    // Whoever is not sure sends it again: it was told.
    let again = notify(&server, &schedule("soon", soon)).await;
    assert_eq!(again, (200, json!({"id": "soon", "users": 1, "before": 1})));
    assert_eq!(kept(&server, ada.user().id).await, ["soon"]);
}

#[tokio::test]
async fn with_the_broker_in_memory_notices_wait_in_memory() {
    let server = TestServer::start_with(|config| {
        with_key(config);
        config.broker = Broker::Memory;
    })
    .await;
    let ada = server.peer("ada").await;
    let mut body = notice("later", &to(&ada), "later");
    body["at"] = json!(now() + 1000);
    assert_eq!(notify(&server, &body).await.0, 202);
    assert_eq!(waiting(&server).await, ["later"]);
    let server = server.restart_with(|config| {
        with_key(config);
        config.broker = Broker::Memory;
    });
    assert_eq!(waiting(&server.await).await, [""; 0]);
}

/// Killed before and while notices come due, a server tells each of them once.
#[tokio::test]
async fn kills_lose_and_double_no_notice() {
    let mut server = ServerProcess::start(&["--api-key", KEY]).await;
    let ada = Peer::connect_to(server.address(), Codec::Bincode, "ada").await;
    let user = ada.user().id;
    let mut expected = Vec::new();
    for round in 0..6 {
        let id = format!("n{round}");
        let mut body = notice(&id, &json!({"user": user.to_string()}), &id);
        body["at"] = json!(now() + 2);
        let asking = Asking::post(server.address(), "/api/notify", body.to_string());
        assert_eq!(asking.token(KEY).send().await.status(), 202);
        expected.push(id);
        // Not always at the same point of the second.
        let wait = Duration::from_millis(500 * round);
        let _ = tokio::time::timeout(wait, std::future::pending::<()>()).await;
        server = server.kill_and_restart().await;
    }
    let path = format!("/api/history?topic=alerts:{user}&after=0");
    let told = until("all notices", async || {
        let answer = Asking::get(server.address(), &path).token(KEY).send().await;
        let answer = answer.json().await;
        let publications = answer["publications"].as_array().expect("publications");
        (publications.len() >= expected.len()).then(|| publications.clone())
    })
    .await;
    let titles = told.iter().map(|it| &it["event"]["notification"]["title"]);
    let mut titles: Vec<&str> = titles.filter_map(Value::as_str).collect();
    titles.sort_unstable();
    assert_eq!(titles, expected);
}
