//! Who asks: the token of a request, the pace of its user, and how many of theirs are under way.
//!
//! What a connection bounds for a WebSocket is bounded for each user here, since the requests of
//! one user come on any number of connections. It is not bounded for an address: behind a proxy all
//! have one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use trunkline_protocol::{ErrorCode, Moment, User, UserId};
use trunkline_session::{Paces, ServerConfig};

use super::OverHttp;
use crate::clock;
use crate::node::TokenRejected;
use crate::problem::Problem;

/// Users whose pace is remembered at a time.
const USERS_MAX: usize = 100_000;

/// How long one waits who has too many requests under way, for want of knowing better.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// Where a token may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Only from the request itself.
    Request,
    /// Also from a guest's cookie, for what changes nothing: a page's `EventSource` can set no
    /// headers.
    Cookie,
}

/// Somebody whose request may go on. It counts as under way until this is dropped.
pub(super) struct Caller {
    pub(super) user: User,
    pub(super) token: String,
    pub(super) under_way: UnderWay,
}

impl OverHttp {
    /// Finds out who asks, and lets the request pass if that user has not too many.
    pub(super) fn admit(&self, headers: &HeaderMap, source: Source) -> Result<Caller, Problem> {
        let token = bearer(headers).map(str::to_owned);
        let token = token.or_else(|| {
            let cookie = source == Source::Cookie && is_from_our_pages(headers, self.neighbours);
            let now = clock::unix_seconds();
            let token = cookie
                .then(|| self.guests.token_of_cookie(self.behind_tls, headers, now))
                .flatten()?;
            Some(token.reveal().to_owned())
        });
        self.admit_token(token.ok_or_else(|| {
            let detail = "no access token: send it as `Authorization: Bearer TOKEN`";
            Problem::new(StatusCode::UNAUTHORIZED, "not_signed_in", detail)
        })?)
    }

    /// Does the same with a token that came elsewhere.
    pub(super) fn admit_token(&self, token: String) -> Result<Caller, Problem> {
        let unauthorized =
            |code, detail: &str| Problem::new(StatusCode::UNAUTHORIZED, code, detail);
        let (user, _) = self.node.authenticate(&token).map_err(|why| match why {
            TokenRejected::Expired => unauthorized("token_expired", "fetch a new access token"),
            TokenRejected::Invalid => unauthorized("token_invalid", "not an access token of ours"),
        })?;
        if !self.node.is_ready() {
            let detail = "this server is about to restart";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "draining", detail);
            return Err(problem.retry_after(BUSY_WAIT));
        }
        let under_way = self.callers.begin(user.id, self.node.clock.now())?;
        Ok(Caller {
            user,
            token,
            under_way,
        })
    }
}

/// The token of an `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Tells whether a browser says that a page of ours, or its user, has asked. One that says nothing
/// is old, or came without TLS; it sends our cookie, which is `SameSite=Strict`, for no other site.
fn is_from_our_pages(headers: &HeaderMap, neighbours: bool) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => {
            site == "same-origin" || site == "none" || (neighbours && site == "same-site")
        }
        None => true,
    }
}

/// The requests of all users.
pub(super) struct Callers {
    state: Mutex<State>,
    /// The most requests under way of one user, and of all.
    each_max: usize,
    all_max: usize,
}

struct State {
    paces: Paces<UserId>,
    under_way: HashMap<UserId, usize>,
    all: usize,
}

impl Callers {
    pub(super) fn new(config: &ServerConfig, all_max: usize) -> Self {
        let state = State {
            paces: Paces::new(config.pace, USERS_MAX),
            under_way: HashMap::new(),
            all: 0,
        };
        Self {
            state: Mutex::new(state),
            each_max: config.requests_max,
            all_max,
        }
    }

    fn with<R>(&self, reach: impl FnOnce(&mut State) -> R) -> R {
        reach(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Holds a further part of a request, such as a command of several, to the user's pace.
    pub(super) fn pace(&self, user: UserId, now: Moment) -> Result<(), Duration> {
        self.with(|state| state.paces.take(user, now))
    }

    /// Counts a request as under way until the guard is dropped.
    fn begin(self: &Arc<Self>, user: UserId, now: Moment) -> Result<UnderWay, Problem> {
        self.with(|state| {
            state.paces.take(user, now).map_err(|wait| {
                let detail = "too many requests per second";
                busy(ErrorCode::TooFast, detail).retry_after(wait)
            })?;
            if state.all >= self.all_max {
                let detail = "this server has too many requests under way";
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return Err(Problem::new(status, "overloaded", detail).retry_after(BUSY_WAIT));
            }
            let count = state.under_way.entry(user).or_default();
            if *count >= self.each_max {
                let detail = "too many requests of this user are under way";
                return Err(busy(ErrorCode::TooManyRequests, detail).retry_after(BUSY_WAIT));
            }
            *count += 1;
            state.all += 1;
            Ok(UnderWay {
                callers: Arc::clone(self),
                user,
            })
        })
    }
}

fn busy(code: ErrorCode, detail: &str) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, code.name(), detail).number(code.number())
}

/// A request that is under way.
pub(super) struct UnderWay {
    callers: Arc<Callers>,
    user: UserId,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.callers.with(|state| {
            state.all -= 1;
            if let Some(count) = state.under_way.get_mut(&self.user) {
                *count -= 1;
                if *count == 0 {
                    state.under_way.remove(&self.user);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::response::IntoResponse;
    use trunkline_session::Pace;

    use super::*;

    fn callers(requests_max: usize, all_max: usize, burst: u32) -> Arc<Callers> {
        let pace = Pace {
            per_second: 1,
            burst,
        };
        let config = ServerConfig {
            requests_max,
            pace,
            ..ServerConfig::default()
        };
        Arc::new(Callers::new(&config, all_max))
    }

    fn status(result: Result<UnderWay, Problem>) -> u16 {
        result.map_or_else(|it| it.into_response().status().as_u16(), |_| 200)
    }

    #[test]
    fn a_user_has_so_many_under_way_and_others_have_theirs() {
        let now = Moment::from_ms(5000);
        let callers = callers(2, 3, 100);
        let first = callers.begin(UserId(1), now).ok();
        let second = callers.begin(UserId(1), now).ok();
        assert!(first.is_some() && second.is_some());
        assert_eq!(status(callers.begin(UserId(1), now)), 429);
        let third = callers.begin(UserId(2), now).ok();
        assert!(third.is_some());
        assert_eq!(status(callers.begin(UserId(3), now)), 503);
        drop(first);
        assert_eq!(status(callers.begin(UserId(1), now)), 200);
        drop((second, third));
        assert!(callers.with(|state| state.under_way.is_empty() && state.all == 0));
    }

    #[test]
    fn a_flood_is_held_to_the_pace() {
        let now = Moment::from_ms(5000);
        let callers = callers(9, 9, 2);
        let statuses = [(); 3].map(|()| status(callers.begin(UserId(1), now)));
        assert_eq!(statuses, [200, 200, 429]);
    }

    #[test]
    fn a_cookie_counts_for_our_own_pages() {
        let check = |site: Option<&'static str>, expected, of_neighbours| {
            let mut headers = HeaderMap::new();
            if let Some(site) = site {
                headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            }
            assert_eq!(is_from_our_pages(&headers, false), expected, "{site:?}");
            assert_eq!(is_from_our_pages(&headers, true), of_neighbours, "{site:?}");
        };
        check(None, true, true);
        check(Some("same-origin"), true, true);
        check(Some("none"), true, true);
        check(Some("same-site"), false, true);
        check(Some("cross-site"), false, false);
    }

    #[test]
    fn a_bearer_is_named_as_such() {
        let check = |value: &'static str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            assert_eq!(bearer(&headers), expected, "{value}");
        };
        check("Bearer abc", Some("abc"));
        check("bearer  abc ", Some("abc"));
        check("Basic abc", None);
        check("abc", None);
    }
}
