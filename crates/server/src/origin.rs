//! Decides which web pages may talk to this server.
//!
//! Browsers attach our cookie to requests that foreign pages make, and open WebSockets for them
//! without asking; the `Origin` header is how a server can tell. Programs send none and are
//! allowed, because they have no one's cookie to abuse.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

mod sharing;

/// Where conversations begin without an upgrade.
const OVER_HTTP: &str = "/http/";

/// A web origin: scheme, host and port, compared exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    /// In lower case; hosts do not distinguish cases.
    host: String,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Origin {
    /// Makes the origin that pages from `authority` (`host` or `host:port`) have.
    fn new(scheme: Scheme, authority: &str) -> Option<Self> {
        let authority: Authority = authority.parse().ok()?;
        // `user@host` would be read as `host` by a careless eye; nothing honest sends it.
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let default = match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        let port = match authority.as_str()[authority.host().len()..].strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None => default,
        };
        Some(Self {
            scheme,
            host: authority.host().to_ascii_lowercase(),
            port,
        })
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidOrigin(text.to_owned());
        let (scheme, authority) = text.split_once("://").ok_or_else(invalid)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(invalid()),
        };
        if authority.contains('*') {
            return Err(invalid());
        }
        Self::new(scheme, authority).ok_or_else(invalid)
    }
}

/// A text that is not an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOrigin(String);

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid origin {:?}, expected scheme://host or scheme://host:port",
            self.0
        )
    }
}

impl std::error::Error for InvalidOrigin {}

/// Who is allowed besides the server's own pages.
#[derive(Debug)]
pub(crate) struct OriginPolicy {
    scheme: Scheme,
    allowed: Vec<Origin>,
    neighbours: Neighbours,
}

/// Which pages of the host that was asked are taken for our own, though they come from another port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Neighbours {
    None,
    At(u16),
    All,
}

impl OriginPolicy {
    /// `behind_tls` says that people's browsers see this server's pages under https.
    pub(crate) fn new(behind_tls: bool, allowed: Vec<Origin>) -> Self {
        let scheme = if behind_tls {
            Scheme::Https
        } else {
            Scheme::Http
        };
        Self {
            scheme,
            allowed,
            neighbours: Neighbours::None,
        }
    }

    /// Lets in pages that come from this port of the host that was asked: our own, where something
    /// else hands their requests on.
    #[must_use]
    pub(crate) fn with_pages_at(self, port: u16) -> Self {
        Self {
            neighbours: Neighbours::At(port),
            ..self
        }
    }

    /// Lets in pages from all ports of the host that was asked.
    #[must_use]
    pub(crate) fn with_neighbours(self) -> Self {
        Self {
            neighbours: Neighbours::All,
            ..self
        }
    }

    fn is_neighbour(&self, host: Option<&Origin>, page: &Origin) -> bool {
        let same_host = |it: &Origin| it.scheme == page.scheme && it.host == page.host;
        host.is_some_and(same_host)
            && match self.neighbours {
                Neighbours::None => false,
                Neighbours::At(port) => page.port == port,
                Neighbours::All => true,
            }
    }

    /// Checks one request. Safe methods only need a proper `Host`, unless they begin a
    /// conversation: by an upgrade, or below `/http/`.
    pub(crate) fn check(
        &self,
        method: &Method,
        uri: &Uri,
        version: Version,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        let host = self.host(uri, version, headers)?;
        let converses = headers.contains_key(header::UPGRADE) || uri.path().starts_with(OVER_HTTP);
        if method.is_safe() && !converses {
            return Ok(());
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            return Ok(());
        };
        if origins.next().is_some() {
            return Err(Refusal::Foreign);
        }
        let origin = origin
            .to_str()
            .ok()
            .and_then(|text| text.parse::<Origin>().ok());
        let origin = origin.ok_or(Refusal::Foreign)?;
        if host.as_ref() == Some(&origin)
            || self.is_neighbour(host.as_ref(), &origin)
            || self.allowed.contains(&origin)
        {
            Ok(())
        } else {
            Err(Refusal::Foreign)
        }
    }

    /// Returns the origin of the page that may read the answer to a request that was let in, and
    /// whether it may come with our cookie, if the page is an allowed one and not our own.
    fn shares_with(&self, uri: &Uri, headers: &HeaderMap) -> Option<(HeaderValue, bool)> {
        let origin = headers.get(header::ORIGIN)?;
        let page: Origin = origin.to_str().ok()?.parse().ok()?;
        if !uri.path().starts_with(OVER_HTTP) {
            return None;
        }
        // It was let in: whether a host must be named was decided then.
        let host = self.host(uri, Version::HTTP_10, headers).ok()?;
        let neighbour = host.as_ref() != Some(&page) && self.is_neighbour(host.as_ref(), &page);
        let shares = neighbour || self.allowed.contains(&page);
        shares.then(|| (origin.clone(), neighbour))
    }

    /// Returns the origin of this server's own pages, as the requester addresses it.
    fn host(
        &self,
        uri: &Uri,
        version: Version,
        headers: &HeaderMap,
    ) -> Result<Option<Origin>, Refusal> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() || (host.is_none() && version == Version::HTTP_11) {
            return Err(Refusal::Host);
        }
        let host = host
            .map(|host| host.to_str())
            .transpose()
            .map_err(|_| Refusal::Host)?;
        let host = host.map(|host| Origin::new(self.scheme, host).ok_or(Refusal::Host));
        // An address in the request line (HTTP/2, or a proxy's form) outranks the header.
        match uri.authority() {
            Some(authority) => {
                host.transpose()?;
                Origin::new(self.scheme, authority.as_str())
                    .map(Some)
                    .ok_or(Refusal::Host)
            }
            None => host.transpose(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `Host` is missing, doubled or malformed.
    Host,
    /// `Origin` is another site's, `null`, doubled or malformed.
    Foreign,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Host => Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_host",
                "expected exactly one valid Host header",
            ),
            Self::Foreign => Problem::new(
                StatusCode::FORBIDDEN,
                "origin_not_allowed",
                "pages of this origin may not talk to this server; its operator can allow them \
                 by --allow-origin, or by --behind-tls when a proxy serves it over https",
            ),
        }
        .into_response()
    }
}

/// Middleware that refuses what [`OriginPolicy`] refuses, before any route sees it.
pub(crate) async fn guard(
    State(policy): State<Arc<OriginPolicy>>,
    request: Request,
    next: Next,
) -> Response {
    let verdict = policy.check(
        request.method(),
        request.uri(),
        request.version(),
        request.headers(),
    );
    match verdict {
        Ok(()) => match policy.shares_with(request.uri(), request.headers()) {
            Some((origin, cookie)) => sharing::answer(origin, cookie, request, next).await,
            None => next.run(request).await,
        },
        Err(refusal) => {
            let origin = request.headers().get(header::ORIGIN);
            tracing::debug!(?refusal, ?origin, "refused a request");
            refusal.into_response()
        }
    }
}

#[cfg(test)]
mod tests;
