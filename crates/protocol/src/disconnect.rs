//! Disconnects: why a connection ends, and what the client does about it.

use std::fmt;

/// What a client does after its connection has ended. The code's hundreds tell, so that an old
/// client does the right thing with a code it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisconnectClass {
    /// Connect again at once.
    RetryNow,
    /// Connect again after a jittered, growing pause.
    RetryLater,
    /// Get new credentials, then connect again.
    Refresh,
    /// Stop until the user or the program acts.
    Stop,
    /// Stop: this client and this server do not fit, or one of them has a bug.
    Incompatible,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $text:literal;)+) => {
        /// Why a connection ended: a close code of RFC 6455 (1000–1015) or of ours (4000–4499).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum DisconnectReason {
            $($(#[doc = $doc])+ $name,)+
            /// A code that this program does not know.
            Unknown(u16),
        }

        impl DisconnectReason {
            /// Every reason that this program knows.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code of the Close frame.
            pub const fn code(self) -> u16 {
                match self {
                    $(Self::$name => $code,)+
                    Self::Unknown(code) => code,
                }
            }

            /// The words of the Close frame where there are no better ones.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Unknown(_) => "unknown",
                }
            }

            /// What it means, in a sentence.
            #[cfg(feature = "schema")]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_start(),)+
                    Self::Unknown(_) => "unknown",
                }
            }
        }

        impl From<u16> for DisconnectReason {
            fn from(code: u16) -> Self {
                match code {
                    $($code => Self::$name,)+
                    other => Self::Unknown(other),
                }
            }
        }
    };
}

reasons! {
    /// The conversation is over.
    Normal = 1000, "normal";
    /// The page or the server goes away.
    GoingAway = 1001, "going away";
    /// The peer broke the WebSocket protocol.
    Protocol = 1002, "websocket protocol violation";
    /// The peer sent text where binary is spoken, or the other way round.
    Unsupported = 1003, "wrong kind of message for this subprotocol";
    /// The line was lost without a Close frame.
    Lost = 1006, "line lost";
    /// A text was not UTF-8.
    NotUtf8 = 1007, "invalid utf-8";
    /// The peer broke a rule that has no code of its own.
    Policy = 1008, "policy violation";
    /// A message was longer than allowed.
    TooLong = 1009, "message too long";
    /// Something of the server failed.
    Internal = 1011, "internal error";
    /// The server restarts.
    Restart = 1012, "service restart";
    /// The server has no room now.
    TryLater = 1013, "try again later";
    /// A response over HTTP has lasted as long as one may: the next one goes on from here.
    Renew = 4000, "go on with another request";
    /// The server asks to connect to another place now.
    Rebalance = 4001, "rebalance";
    /// The server has too much to do.
    Overloaded = 4101, "overloaded";
    /// The peer was silent for longer than agreed.
    Silent = 4103, "no heartbeat";
    /// The peer sent too many requests.
    TooManyRequests = 4105, "too many requests";
    /// The token expired and was not refreshed.
    TokenExpired = 4200, "token expired";
    /// The token is not one of ours.
    TokenInvalid = 4201, "token invalid";
    /// The user may not connect.
    Forbidden = 4300, "forbidden";
    /// The user was disconnected by an operator.
    Kicked = 4301, "disconnected by an operator";
    /// The user signed out.
    SignedOut = 4302, "signed out";
    /// The user has as many connections as allowed.
    TooManyConnections = 4303, "too many connections";
    /// A frame could not be read.
    Malformed = 4400, "malformed frame";
    /// The first frame did not come in time.
    FirstFrameLate = 4401, "first frame late";
    /// The version of the protocol is not spoken here.
    VersionUnsupported = 4402, "version unsupported";
}

impl DisconnectReason {
    /// What a client does about it.
    pub const fn class(self) -> DisconnectClass {
        match self.code() {
            1001 | 1006 | 1011 | 1012 | 1013 => DisconnectClass::RetryLater,
            1000 => DisconnectClass::Stop,
            4000..=4099 => DisconnectClass::RetryNow,
            4100..=4199 => DisconnectClass::RetryLater,
            4200..=4299 => DisconnectClass::Refresh,
            4300..=4399 => DisconnectClass::Stop,
            _ => DisconnectClass::Incompatible,
        }
    }

    /// Tells whether a client connects again by itself.
    pub const fn reconnects(self) -> bool {
        matches!(
            self.class(),
            DisconnectClass::RetryNow | DisconnectClass::RetryLater | DisconnectClass::Refresh
        )
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_comes_back_from_its_code() {
        for reason in DisconnectReason::ALL {
            assert_eq!(DisconnectReason::from(reason.code()), *reason);
        }
    }

    #[test]
    fn an_unknown_code_still_has_a_class() {
        assert_eq!(
            DisconnectReason::from(4099).class(),
            DisconnectClass::RetryNow
        );
        assert_eq!(
            DisconnectReason::from(4150).class(),
            DisconnectClass::RetryLater
        );
        assert_eq!(
            DisconnectReason::from(4250).class(),
            DisconnectClass::Refresh
        );
        assert_eq!(DisconnectReason::from(4350).class(), DisconnectClass::Stop);
        assert_eq!(
            DisconnectReason::from(4450).class(),
            DisconnectClass::Incompatible
        );
        assert!(!DisconnectReason::from(3000).reconnects());
    }

    #[test]
    fn a_text_fits_into_a_close_frame() {
        assert!(
            DisconnectReason::ALL
                .iter()
                .all(|reason| reason.text().len() <= 123)
        );
    }
}
