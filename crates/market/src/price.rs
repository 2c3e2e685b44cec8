//! Prices as tapes keep them: in ticks where they have two digits, which takes half the room.

use trunkline_protocol::topics::ticker::PRICE_SCALE;

/// How many parts of money a tick has: prices of the market have two digits.
pub(crate) const TICK: u32 = (PRICE_SCALE / 100) as u32;

/// A price as a tape keeps it.
pub(crate) trait Price: Copy + Ord {
    /// It in parts of [`PRICE_SCALE`].
    fn parts(self) -> u64;
}

/// A price in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticks(pub(crate) u32);

impl Price for Ticks {
    fn parts(self) -> u64 {
        u64::from(self.0) * u64::from(TICK)
    }
}

/// A price in parts of [`PRICE_SCALE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Parts(pub(crate) u64);

impl Price for Parts {
    fn parts(self) -> u64 {
        self.0
    }
}
