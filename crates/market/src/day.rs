//! The day of the market: when it collects orders, when they meet, and when it is closed.
//!
//! Days are half hours, so that whoever looks for a while sees one end and the next one begin.

use trunkline_protocol::Timestamp;
use trunkline_protocol::topics::ticker::{MARKET_DAY_SECONDS, Phase, Session};

/// How long orders are collected at the begin of a day.
pub const AUCTION_SECONDS: u32 = 20;

/// How long the market is closed at the end of a day.
pub const CLOSED_SECONDS: u32 = 20;

/// When the day began that a moment is in. Both are seconds since 1970.
pub(crate) fn began(seconds: u32) -> u32 {
    seconds - seconds % MARKET_DAY_SECONDS
}

/// What the market does at a moment.
pub(crate) fn session(seconds: u32) -> Session {
    let began = began(seconds);
    let closes = MARKET_DAY_SECONDS - CLOSED_SECONDS;
    let (phase, ends) = match seconds - began {
        since if since < AUCTION_SECONDS => (Phase::Auction, AUCTION_SECONDS),
        since if since < closes => (Phase::Open, closes),
        _ => (Phase::Closed, MARKET_DAY_SECONDS),
    };
    Session {
        phase,
        ends: Timestamp(began.saturating_add(ends)),
        began: Timestamp(began),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(after: u32, phase: Phase, ends: u32) {
        const DAY: u32 = 1_800 * 900_000;
        let session = session(DAY + after);
        assert_eq!(
            (session.phase, session.ends.0 - DAY, session.began.0),
            (phase, ends, DAY),
            "{after}"
        );
    }

    #[test]
    fn a_day_has_three_parts() {
        check(0, Phase::Auction, 20);
        check(19, Phase::Auction, 20);
        check(20, Phase::Open, 1_780);
        check(1_779, Phase::Open, 1_780);
        check(1_780, Phase::Closed, 1_800);
        check(1_799, Phase::Closed, 1_800);
        assert_eq!(session(u32::MAX).phase, Phase::Open);
    }
}
