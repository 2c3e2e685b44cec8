//! Which encodings a peer takes, best first.

use axum::http::{HeaderMap, header};

/// How the bytes of a file are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The encodings that stand beside a file, as `name.br` and `name.gz`.
    pub(super) const PRECOMPRESSED: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// In our order of preference, smallest first.
    const ALL: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Identity];

    /// Returns what a file's name ends with in this encoding.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }

    /// Returns the encoding's name in `Content-Encoding`, where identity has none.
    pub(super) fn token(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

/// Returns the encodings that the peer takes: its favourites first, ours among equals.
pub(super) fn accepted(headers: &HeaderMap) -> Vec<Encoding> {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let items: Vec<(&str, u16)> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(weighted)
        .collect();
    let weight = |encoding: Encoding| {
        let name = encoding.token().unwrap_or("identity");
        let named = items
            .iter()
            .find(|(item, _)| item.eq_ignore_ascii_case(name));
        let any = items.iter().find(|(item, _)| *item == "*");
        match (named.or(any), encoding) {
            (Some((_, weight)), _) => *weight,
            // What everybody can read is taken, and liked least, unless it is ruled out.
            (None, Encoding::Identity) => 1,
            (None, Encoding::Brotli | Encoding::Gzip) => 0,
        }
    };
    let mut encodings = Vec::from(Encoding::ALL);
    encodings.retain(|encoding| weight(*encoding) > 0);
    encodings.sort_by_key(|encoding| std::cmp::Reverse(weight(*encoding)));
    // A favourite before identity is of use, one after it is not.
    if let Some(end) = encodings
        .iter()
        .position(|encoding| *encoding == Encoding::Identity)
    {
        encodings.truncate(end);
    }
    encodings
}

/// Splits `gzip;q=0.5` into its name and its weight in thousandths.
fn weighted(item: &str) -> Option<(&str, u16)> {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    match quality {
        None => Some((name, 1000)),
        Some(text) => {
            let quality: f32 = text.parse().ok().filter(|q| (0.0..=1.0).contains(q))?;
            Some((name, (quality * 1000.0).round() as u16))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::Encoding::{Brotli, Gzip};
    use super::*;

    #[test]
    fn the_peers_weights_choose_and_ours_break_ties() {
        let check = |value: &'static str, expected: &[Encoding]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(accepted(&headers), expected, "{value:?}");
        };
        check("", &[]);
        check("gzip, deflate, br, zstd", &[Brotli, Gzip]);
        check("GZIP", &[Gzip]);
        check("br;q=0.5, gzip;q=0.8", &[Gzip, Brotli]);
        check("br;q=0, gzip", &[Gzip]);
        check("br; q=0.001, gzip ;q=0", &[Brotli]);
        check("*", &[Brotli, Gzip]);
        check("*;q=0.5, br;q=0", &[Gzip]);
        check("identity, gzip;q=0.5", &[]);
        check("identity;q=0.5, gzip", &[Gzip]);
        check("br;q=2, gzip;q=x", &[]);
        check("identity;q=0", &[]);
    }

    #[test]
    fn a_peer_that_names_no_encodings_gets_the_file_as_it_is() {
        assert_eq!(accepted(&HeaderMap::new()), []);
    }
}
