//! `POST /api/notify`: tells users something, now or later; `/api/notices`: what waits for later.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use trunkline_protocol::codec::explain_json;
use trunkline_protocol::topics::alerts::Notification;
use trunkline_protocol::{Error, ErrorCode, Timestamp};

use super::Api;
use crate::clock;
use crate::notices::{Notice, NoticeId, Recipients, send};
use crate::problem::Problem;
use crate::topics::alerts::checked;
use crate::transport::http::{malformed, problem, query};

/// How far ahead a notice may be scheduled, in seconds: a year.
const AHEAD_MAX_S: u32 = 366 * 24 * 60 * 60;

/// A notice that was told.
#[derive(Serialize)]
struct Told {
    id: NoticeId,
    /// How many users have it now.
    users: usize,
    /// How many of them had it before.
    before: usize,
}

/// A notice that waits.
#[derive(Serialize)]
struct Scheduled {
    id: NoticeId,
    at: Timestamp,
}

pub(super) async fn notify(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    api.admit(request.headers())?;
    let said = api.http.read(request).await?;
    let notice = serde_json::from_slice::<Notice>(&said.bytes);
    let notice = notice.map_err(|error| malformed(explain_json(&error)))?;
    let now = clock::timestamp();
    let due = notice.at.unwrap_or_default();
    let notification =
        checked(&notice.notification, now.max(due)).map_err(|error| problem(&error))?;
    let notice = Notice {
        notification,
        ..notice
    };
    if due > now {
        return schedule(&api, notice, (now, due)).await;
    }
    let sent = send(&api.node, &notice)
        .await
        .map_err(|error| problem(&error))?;
    let told = Told {
        id: notice.id,
        users: sent.users,
        before: sent.before,
    };
    Ok(fresh(StatusCode::OK, told))
}

async fn schedule(
    api: &Api,
    notice: Notice,
    (now, due): (Timestamp, Timestamp),
) -> Result<Response, Problem> {
    if due.0 - now.0 > AHEAD_MAX_S {
        let detail = "a notice is scheduled for a year ahead at most";
        return Err(problem(&Error::new(ErrorCode::Invalid, detail)));
    }
    let id = notice.id.clone();
    let waits = api.notices.wait(notice, due).await;
    let at = waits.map_err(|error| problem(&error))?;
    Ok(fresh(StatusCode::ACCEPTED, Scheduled { id, at }))
}

#[derive(Serialize)]
struct Waiting {
    notices: Vec<Waits>,
}

#[derive(Serialize)]
struct Waits {
    id: NoticeId,
    at: Timestamp,
    /// How many users it names; nothing if it is for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<usize>,
    notification: Notification,
}

/// Lists what waits, the next one first.
pub(super) async fn waiting(
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    api.admit(&headers)?;
    let notices = api.notices.list().await.map_err(|error| problem(&error))?;
    let notices = notices.into_iter().map(|notice| Waits {
        users: match &notice.to {
            Recipients::User(_) => Some(1),
            Recipients::Users(users) => Some(users.len()),
            Recipients::All => None,
        },
        id: notice.id,
        at: notice.at.unwrap_or_default(),
        notification: notice.notification,
    });
    let notices = notices.collect();
    Ok(fresh(StatusCode::OK, Waiting { notices }))
}

#[derive(Deserialize)]
pub(super) struct CancelAsked {
    id: NoticeId,
}

#[derive(Serialize)]
struct Cancelled {
    /// False if none waited under this id: it was told, or never was.
    cancelled: bool,
}

/// Forgets a notice that waits.
pub(super) async fn cancel(
    State(api): State<Api>,
    headers: HeaderMap,
    asked: Result<Query<CancelAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    api.admit(&headers)?;
    let Query(asked) = asked.map_err(|rejection| query(&rejection))?;
    let cancelled = api.notices.cancel(asked.id).await;
    let cancelled = cancelled.map_err(|error| problem(&error))?;
    Ok(fresh(StatusCode::OK, Cancelled { cancelled }))
}

fn fresh(status: StatusCode, body: impl Serialize) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    (status, no_store, Json(body)).into_response()
}
