//! Subprotocols: which codec a WebSocket speaks, agreed on in the handshake (RFC 6455, 1.9).

use crate::codec::Codec;

/// The names for `Sec-WebSocket-Protocol`.
#[derive(Clone, Copy, Debug)]
pub enum Subprotocol {}

impl Subprotocol {
    /// All subprotocols, the preferred one first.
    pub const ALL: [&'static str; 2] = ["trunkline.v1.bincode", "trunkline.v1.json"];

    /// The name of the subprotocol that carries `codec`.
    pub const fn name(codec: Codec) -> &'static str {
        match codec {
            Codec::Bincode => Self::ALL[0],
            #[cfg(feature = "json")]
            Codec::Json => Self::ALL[1],
        }
    }
}

/// What a server, which speaks them all, makes of the subprotocols that a client offers.
#[cfg(feature = "json")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Speak this codec and answer with its name.
    Chosen(Codec),
    /// Nothing was offered: speak JSON and answer with no name.
    Unnamed,
    /// A Trunkline of another version: answer with this name, so that the browser keeps the
    /// socket, and then close it with 4402, which a page can read.
    OtherVersion(String),
    /// Only names of other protocols: refuse by HTTP status 400.
    Foreign,
}

#[cfg(feature = "json")]
impl Offer {
    /// Reads the values of all `Sec-WebSocket-Protocol` headers, in the client's order.
    pub fn of<'a>(offered: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = offered
            .into_iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            return Self::Unnamed;
        }
        for name in &names {
            if *name == Subprotocol::name(Codec::Bincode) {
                return Self::Chosen(Codec::Bincode);
            }
            if *name == Subprotocol::name(Codec::Json) {
                return Self::Chosen(Codec::Json);
            }
        }
        match names.iter().find(|name| name.starts_with("trunkline.")) {
            Some(name) => Self::OtherVersion((*name).to_owned()),
            None => Self::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(offered: &[&str], expected: &Offer) {
        assert_eq!(&Offer::of(offered.iter().copied()), expected, "{offered:?}");
    }

    #[test]
    fn the_first_name_we_speak_wins() {
        check(
            &["trunkline.v1.json, trunkline.v1.bincode"],
            &Offer::Chosen(Codec::Json),
        );
        check(
            &["trunkline.v2.bincode", "trunkline.v1.bincode"],
            &Offer::Chosen(Codec::Bincode),
        );
    }

    #[test]
    fn nothing_another_version_and_strangers_are_told_apart() {
        check(&[], &Offer::Unnamed);
        check(&[" , "], &Offer::Unnamed);
        check(
            &["trunkline.v9.bincode"],
            &Offer::OtherVersion("trunkline.v9.bincode".to_owned()),
        );
        check(&["graphql-ws", "mqtt"], &Offer::Foreign);
    }
}
