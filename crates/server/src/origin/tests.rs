//! The table of origins and hosts: what is let in, what is not.

use super::*;

/// Checks a POST over HTTP/1.1 against a server on http that also allows `https://app.example`.
fn post(hosts: &[&str], origins: &[&str]) -> Result<(), Refusal> {
    check(
        false,
        &Method::POST,
        "/",
        Version::HTTP_11,
        hosts,
        origins,
        false,
    )
}

fn check(
    behind_tls: bool,
    method: &Method,
    uri: &'static str,
    version: Version,
    hosts: &[&str],
    origins: &[&str],
    upgrade: bool,
) -> Result<(), Refusal> {
    let allowed = vec!["https://app.example".parse().expect("a valid origin")];
    let policy = OriginPolicy::new(behind_tls, allowed);
    let mut headers = HeaderMap::new();
    for (name, values) in [(header::HOST, hosts), (header::ORIGIN, origins)] {
        for value in values {
            headers.append(
                &name,
                HeaderValue::from_bytes(value.as_bytes()).expect("a value"),
            );
        }
    }
    if upgrade {
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    policy.check(method, &Uri::from_static(uri), version, &headers)
}

#[test]
fn only_the_same_origin_the_allowed_and_programs_get_in() {
    let host = ["localhost:8787"];
    let ok = |origins: &[&str]| assert_eq!(post(&host, origins), Ok(()), "{origins:?}");
    ok(&[]);
    ok(&["http://localhost:8787"]);
    ok(&["HTTP://LOCALHOST:8787"]);
    ok(&["https://app.example"]);
    ok(&["https://app.example:443"]);
    ok(&["https://APP.example"]);

    let foreign = |origins: &[&str]| {
        assert_eq!(post(&host, origins), Err(Refusal::Foreign), "{origins:?}");
    };
    foreign(&["null"]);
    foreign(&[""]);
    foreign(&["http://localhost"]);
    foreign(&["http://localhost:8788"]);
    foreign(&["https://localhost:8787"]);
    foreign(&["http://localhost:8787.evil.example"]);
    foreign(&["http://localhost.evil.example:8787"]);
    foreign(&["http://evil.example#localhost:8787"]);
    foreign(&["http://evil.example/localhost:8787"]);
    foreign(&["http://localhost:8787@evil.example"]);
    foreign(&["http://evil@localhost:8787"]);
    foreign(&["http://localhost:8787/"]);
    foreign(&["http://localhost:08787 "]);
    foreign(&["http://localhost:74323"]);
    foreign(&["https://app.example.evil.example"]);
    foreign(&["https://notapp.example"]);
    foreign(&["https://app.example."]);
    foreign(&["HTTPS://APP.EXAMPLE.EVIL"]);
    foreign(&["https://app.example:444"]);
    foreign(&["http://app.example"]);
    foreign(&["https://a\u{440}p.example"]);
    foreign(&["http://localhost:8787 http://evil.example"]);
    foreign(&["http://localhost:8787", "http://evil.example"]);
    foreign(&["http://localhost:8787", "http://localhost:8787"]);
    foreign(&["chrome-extension://localhost:8787"]);
    foreign(&["localhost:8787"]);
}

#[test]
fn the_default_port_may_be_left_out_on_either_side() {
    assert_eq!(post(&["a.example"], &["http://a.example:80"]), Ok(()));
    assert_eq!(post(&["a.example:80"], &["http://a.example"]), Ok(()));
    assert_eq!(post(&["[::1]:8787"], &["http://[::1]:8787"]), Ok(()));
    assert_eq!(
        post(&["[::1]:8787"], &["http://[::2]:8787"]),
        Err(Refusal::Foreign)
    );
}

#[test]
fn behind_tls_the_own_pages_are_https_pages() {
    let behind_tls = |origin| {
        check(
            true,
            &Method::POST,
            "/",
            Version::HTTP_11,
            &["a.example"],
            &[origin],
            false,
        )
    };
    assert_eq!(behind_tls("https://a.example"), Ok(()));
    assert_eq!(behind_tls("http://a.example"), Err(Refusal::Foreign));
}

#[test]
fn a_read_is_checked_only_when_it_asks_for_an_upgrade() {
    let evil = ["http://evil.example"];
    let get = |upgrade| {
        check(
            false,
            &Method::GET,
            "/",
            Version::HTTP_11,
            &["localhost"],
            &evil,
            upgrade,
        )
    };
    assert_eq!(get(false), Ok(()));
    assert_eq!(get(true), Err(Refusal::Foreign));
}

#[test]
fn a_websocket_over_http_2_is_checked_by_its_authority() {
    let connect = |origin| {
        let uri = "http://localhost:8787/ws";
        check(
            false,
            &Method::CONNECT,
            uri,
            Version::HTTP_2,
            &[],
            &[origin],
            false,
        )
    };
    assert_eq!(connect("http://localhost:8787"), Ok(()));
    assert_eq!(connect("http://evil.example"), Err(Refusal::Foreign));
}

#[test]
fn a_missing_a_second_or_a_malformed_host_is_refused() {
    let get = |version, hosts: &[&str]| check(false, &Method::GET, "/", version, hosts, &[], false);
    assert_eq!(get(Version::HTTP_11, &["localhost"]), Ok(()));
    assert_eq!(get(Version::HTTP_11, &[]), Err(Refusal::Host));
    assert_eq!(get(Version::HTTP_10, &[]), Ok(()));
    assert_eq!(
        get(Version::HTTP_11, &["localhost", "localhost"]),
        Err(Refusal::Host)
    );
    for malformed in [
        "",
        "a b",
        "a/b",
        "user@host",
        "host:port",
        "host:99999",
        ":80",
        "[::1",
    ] {
        assert_eq!(
            get(Version::HTTP_11, &[malformed]),
            Err(Refusal::Host),
            "{malformed:?}"
        );
    }
}

#[test]
fn only_scheme_host_and_port_make_an_origin() {
    let valid = |text: &str| assert!(text.parse::<Origin>().is_ok(), "{text}");
    valid("https://app.example");
    valid("http://127.0.0.1:8787");
    let invalid = |text: &str| assert!(text.parse::<Origin>().is_err(), "{text}");
    invalid("*");
    invalid("https://*.example");
    invalid("app.example");
    invalid("https://app.example/");
    invalid("https://");
    invalid("ftp://app.example");
}

#[test]
fn conversations_are_guarded_on_safe_methods_too() {
    let get = |uri, origin: &str| {
        let host = ["localhost:8787"];
        check(
            false,
            &Method::GET,
            uri,
            Version::HTTP_11,
            &host,
            &[origin],
            false,
        )
    };
    assert_eq!(get("/chat", "https://other.example"), Ok(()));
    for uri in ["/http/events", "/http/history"] {
        assert_eq!(
            get(uri, "https://other.example"),
            Err(Refusal::Foreign),
            "{uri}"
        );
        assert_eq!(get(uri, "null"), Err(Refusal::Foreign), "{uri}");
        assert_eq!(get(uri, "https://app.example"), Ok(()), "{uri}");
        assert_eq!(get(uri, "http://localhost:8787"), Ok(()), "{uri}");
    }
}

#[test]
fn only_conversations_are_shared_and_only_with_allowed_pages() {
    let allowed = vec!["https://app.example".parse().expect("a valid origin")];
    let policy = OriginPolicy::new(false, allowed);
    let shares = |uri, origin: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        policy
            .shares_with(&Uri::from_static(uri), &headers)
            .is_some()
    };
    assert!(shares("/http/stream", "https://app.example"));
    assert!(!shares("/http/stream", "https://other.example"));
    assert!(!shares("/http/stream", "http://localhost:8787"));
    assert!(!shares("/auth/token", "https://app.example"));
    assert!(!shares("/api/topics", "https://app.example"));
}

#[test]
fn pages_of_a_neighbour_are_let_in_where_that_is_wanted() {
    let check = |policy: &OriginPolicy, host: &'static str, origin: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        let uri = Uri::from_static("/http/poll");
        let verdict = policy.check(&Method::POST, &uri, Version::HTTP_11, &headers);
        let shared = policy.shares_with(&uri, &headers).map(|(_, cookie)| cookie);
        (verdict.is_ok(), shared)
    };
    let none = OriginPolicy::new(false, Vec::new());
    let at = OriginPolicy::new(false, Vec::new()).with_pages_at(8787);
    let all = OriginPolicy::new(false, Vec::new()).with_neighbours();
    let (host, page) = ("localhost:9001", "http://localhost:8787");
    assert_eq!(check(&none, host, page), (false, None));
    assert_eq!(check(&at, host, page), (true, Some(true)));
    assert_eq!(check(&all, host, page), (true, Some(true)));
    // Another port, another host, another scheme.
    let other = "http://localhost:8080";
    assert_eq!(check(&at, host, other), (false, None));
    assert_eq!(check(&all, host, other), (true, Some(true)));
    for stranger in ["http://127.0.0.1:8787", "https://localhost:8787", "null"] {
        assert_eq!(check(&at, host, stranger), (false, None), "{stranger}");
        assert_eq!(check(&all, host, stranger), (false, None), "{stranger}");
    }
    // A page's own server need not share anything with it.
    assert_eq!(check(&all, "localhost:8787", page), (true, None));
}
