//! The HTTP API for the operator's back ends: publish, read, see what is in use, disconnect a user.
//!
//! Whoever has the key may do everything. The requests are those that users have over HTTP, with
//! the same bodies and answers; what differs is who asks.

mod key;
mod notify;

use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trunkline_protocol::codec::explain_json;
use trunkline_protocol::{Codec, Nickname, Offset, Text, TextForm, User, UserId, read_text};

use crate::node::Node;
use crate::notices::Notices;
use crate::problem::Problem;
use crate::requests::Asker;
use crate::transport::OverHttp;
use crate::transport::http::{
    BATCH_LEN_MAX, HistoryAsked, PresenceAsked, accepted, bearer, malformed, publish_all, query,
    read_history, read_presence,
};

pub use key::ApiKey;

/// The most topics that one answer lists.
const TOPICS_MAX: usize = 1000;

/// What the routes share.
#[derive(Clone)]
struct Api {
    http: OverHttp,
    node: Arc<Node>,
    key: Option<ApiKey>,
    notices: Notices,
}

/// Routes `/api/*`. Without a key, all of it is refused.
pub(crate) fn router(
    http: OverHttp,
    node: Arc<Node>,
    key: Option<ApiKey>,
    notices: Notices,
) -> Router {
    let api = Api {
        http,
        node,
        key,
        notices,
    };
    crate::http::router_of(routes())
        .layer(DefaultBodyLimit::max(BATCH_LEN_MAX))
        .with_state(api)
}

/// What answers at each address.
fn routes() -> [(&'static str, MethodRouter<Api>); 7] {
    [
        ("/api/publish", post(publish)),
        ("/api/history", get(history)),
        ("/api/presence", get(presence)),
        ("/api/topics", get(topics)),
        ("/api/disconnect", post(disconnect)),
        ("/api/notify", post(notify::notify)),
        ("/api/notices", get(notify::waiting).delete(notify::cancel)),
    ]
}

/// The addresses of all routes.
#[cfg(test)]
pub(crate) fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|(path, _)| path).collect()
}

/// In whose name a back end publishes.
#[derive(Default, Deserialize)]
struct Author {
    user: Option<String>,
    name: Option<Nickname>,
}

impl Author {
    /// A user that no guest is, unless the back end names another.
    fn user(self) -> Result<User, Problem> {
        let id = self.user.map_or(Ok(UserId(0)), |user| user.parse());
        let id = id.map_err(|_| {
            let detail = "expected user to be 16 lowercase hexadecimal digits";
            Problem::new(StatusCode::BAD_REQUEST, "malformed_query", detail)
        })?;
        let name = self.name.unwrap_or_else(|| Text::cut("server"));
        read_text(&name, TextForm::Name, name.len()).map_err(|problem| {
            let detail = format!("{problem} in name");
            Problem::new(StatusCode::BAD_REQUEST, "malformed_query", detail)
        })?;
        Ok(User { id, name })
    }
}

impl Api {
    /// Lets those pass who have the key.
    fn admit(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(key) = &self.key else {
            let detail = "the API for back ends is off: start the server with --api-key-file";
            return Err(Problem::new(StatusCode::NOT_FOUND, "api_off", detail));
        };
        let given = headers.get("x-api-key").and_then(|it| it.to_str().ok());
        if given
            .or_else(|| bearer(headers))
            .is_some_and(|it| key.is(it))
        {
            return Ok(());
        }
        let detail = "expected the API key as `Authorization: Bearer KEY` or `X-API-Key: KEY`";
        Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "api_key_invalid",
            detail,
        ))
    }

    fn asker(&self, codec: Codec, user: User) -> Asker {
        Asker {
            node: Arc::clone(&self.node),
            codec,
            user,
            trusted: true,
        }
    }

    fn reader(&self, headers: &HeaderMap) -> Result<Asker, Problem> {
        self.admit(headers)?;
        Ok(self.asker(accepted(headers), Author::default().user()?))
    }
}

async fn publish(
    State(api): State<Api>,
    author: Result<Query<Author>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    api.admit(request.headers())?;
    let Query(author) = author.map_err(|rejection| query(&rejection))?;
    let said = api.http.read(request).await?;
    let asker = api.asker(said.codec, author.user()?);
    publish_all(&said, &asker, || Ok(())).await
}

async fn history(
    State(api): State<Api>,
    headers: HeaderMap,
    asked: Result<Query<HistoryAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    read_history(&api.reader(&headers)?, asked).await
}

async fn presence(
    State(api): State<Api>,
    headers: HeaderMap,
    asked: Result<Query<PresenceAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    read_presence(&api.reader(&headers)?, asked).await
}

#[derive(Deserialize)]
struct TopicsAsked {
    namespace: Option<String>,
}

#[derive(Serialize)]
struct Topics {
    /// How many there are, listed or not.
    count: usize,
    topics: Vec<TopicInUse>,
}

#[derive(Serialize)]
struct TopicInUse {
    topic: String,
    people: u32,
    head: Offset,
}

/// Lists topics that have people or events, those with most people first.
async fn topics(
    State(api): State<Api>,
    headers: HeaderMap,
    asked: Result<Query<TopicsAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    api.admit(&headers)?;
    let Query(asked) = asked.map_err(|rejection| query(&rejection))?;
    let namespaces = api.node.registry().namespaces();
    let namespaces =
        namespaces.filter(|it| asked.namespace.as_deref().is_none_or(|one| one == *it));
    let mut topics: Vec<_> = namespaces
        .flat_map(|namespace| api.node.topics_in_use(namespace))
        .map(|(topic, people, head)| TopicInUse {
            topic: topic.to_string(),
            people,
            head,
        })
        .collect();
    topics.sort_by(|a, b| b.people.cmp(&a.people).then_with(|| a.topic.cmp(&b.topic)));
    let count = topics.len();
    topics.truncate(TOPICS_MAX);
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((no_store, Json(Topics { count, topics })).into_response())
}

#[derive(Deserialize)]
struct DisconnectAsked {
    user: UserId,
}

/// Ends all conversations of a user.
async fn disconnect(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    api.admit(request.headers())?;
    let said = api.http.read(request).await?;
    let asked = serde_json::from_slice::<DisconnectAsked>(&said.bytes);
    let asked = asked.map_err(|error| malformed(explain_json(&error)))?;
    api.node.disconnect(asked.user);
    Ok(StatusCode::NO_CONTENT.into_response())
}
