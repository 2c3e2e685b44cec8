//! Alarms: what a user wants to be told of a price, once. It comes as one of their notifications.

use super::listing::{BoardText, SymbolText};
use crate::bounded::List;
use crate::call::Call;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;

/// The most alarms of one user.
pub const ALARMS_MAX: usize = 20;

/// Sets an alarm of one's own: it is told once, as soon as the price has come that far.
pub enum SetAlarm {}

impl Call for SetAlarm {
    const METHOD: &'static str = "ticker.set_alarm";
    type Request = AlarmRequest;
    type Response = Alarm;
}

/// Lists one's own alarms that wait.
pub enum ListAlarms {}

impl Call for ListAlarms {
    const METHOD: &'static str = "ticker.alarms";
    type Request = AlarmsRequest;
    type Response = Alarms;
}

/// Drops an alarm of one's own.
pub enum DropAlarm {}

impl Call for DropAlarm {
    const METHOD: &'static str = "ticker.drop_alarm";
    type Request = AlarmNamed;
    type Response = AlarmNamed;
}

/// From which side a price comes to an alarm.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Contract,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlarmWay {
    /// It is told at this price or above it.
    Above,
    /// It is told at this price or below it.
    Below,
}

impl AlarmWay {
    /// Tells whether a price has come as far as the alarm's.
    pub const fn is_met(self, alarm: u64, price: u64) -> bool {
        match self {
            Self::Above => price >= alarm,
            Self::Below => price <= alarm,
        }
    }
}

/// Asks for an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AlarmRequest {
    /// Which board.
    pub board: BoardText,
    /// The number of the symbol.
    pub symbol: u16,
    /// From which side the price comes.
    pub way: AlarmWay,
    /// The price, in parts of [`PRICE_SCALE`](super::PRICE_SCALE): at least 1 and at most
    /// [`PRICE_MAX`](super::PRICE_MAX).
    pub price: u64,
}

/// An alarm that waits.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Alarm {
    /// What it is dropped by. The server chooses it, below 2^53.
    pub id: u64,
    /// Which board.
    pub board: BoardText,
    /// The number of the symbol.
    pub symbol: u16,
    /// What the symbol was called when the alarm was set. Empty if nobody had said so.
    pub ticker: SymbolText,
    /// From which side the price comes.
    pub way: AlarmWay,
    /// The price, in parts of [`PRICE_SCALE`](super::PRICE_SCALE).
    pub price: u64,
}

/// Asks for one's own alarms.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AlarmsRequest {}

/// One's own alarms that wait, by board, symbol, way and price.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Alarms {
    /// All of them.
    pub alarms: List<Alarm, ALARMS_MAX>,
}

/// Names an alarm: the one to drop, and the one that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AlarmNamed {
    /// Its id.
    pub id: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_met_at_its_price_and_beyond() {
        let check = |way: AlarmWay, price, expected| {
            assert_eq!(way.is_met(100, price), expected, "{way:?} {price}");
        };
        check(AlarmWay::Above, 99, false);
        check(AlarmWay::Above, 100, true);
        check(AlarmWay::Above, 101, true);
        check(AlarmWay::Below, 101, false);
        check(AlarmWay::Below, 100, true);
        check(AlarmWay::Below, 99, true);
    }
}
