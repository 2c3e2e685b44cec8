//! Alarms: who wants to be told of which price, and who is to be told now.
//!
//! An alarm waits until it is met, and is then handed out until it was told. A quote of a symbol that
//! nobody waits for costs a look-up; one that is waited for costs no more for those it does not reach.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use trunkline_protocol::UserId;
use trunkline_protocol::topics::ticker::{ALARMS_MAX, Alarm, AlarmWay, Quote};

/// The most alarms of all users together.
pub const ALARMS_OF_ALL_MAX: usize = 10_000;

/// How often an alarm is tried to be told before it is given up.
const ATTEMPTS_MAX: u32 = 60;

/// An alarm, and whose it is. A server keeps it in this form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAlarm {
    /// Who set it.
    pub user: UserId,
    /// What it waits for.
    pub alarm: Alarm,
    /// The price that met it, once one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<u64>,
}

/// Why an alarm was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The user has as many as one may have.
    TooManyOfUser,
    /// All users together have as many as there may be.
    TooMany,
    /// There is one of this id.
    Twice,
}

/// All alarms.
#[derive(Clone, Debug, Default)]
pub struct Alarms {
    entries: BTreeMap<u64, Entry>,
    /// What waits for the prices of a symbol, by board and number.
    waiting: BTreeMap<String, BTreeMap<u16, Waiting>>,
    users: BTreeMap<UserId, BTreeSet<u64>>,
    /// Those that are met and were not handed out.
    met: VecDeque<u64>,
}

#[derive(Clone, Debug)]
struct Entry {
    it: UserAlarm,
    attempts: u32,
}

/// The prices that a symbol's alarms wait for, each with the alarm's id.
#[derive(Clone, Debug, Default)]
struct Waiting {
    above: BTreeSet<(u64, u64)>,
    below: BTreeSet<(u64, u64)>,
}

impl Waiting {
    fn side(&mut self, way: AlarmWay) -> &mut BTreeSet<(u64, u64)> {
        match way {
            AlarmWay::Above => &mut self.above,
            AlarmWay::Below => &mut self.below,
        }
    }

    /// Takes out one that this price meets.
    fn take_met(&mut self, price: u64) -> Option<u64> {
        let lowest = self.above.first().copied();
        if let Some(met) = lowest.filter(|it| AlarmWay::Above.is_met(it.0, price)) {
            self.above.remove(&met);
            return Some(met.1);
        }
        let highest = self.below.last().copied();
        let met = highest.filter(|it| AlarmWay::Below.is_met(it.0, price))?;
        self.below.remove(&met);
        Some(met.1)
    }

    fn is_empty(&self) -> bool {
        self.above.is_empty() && self.below.is_empty()
    }
}

impl Alarms {
    /// Takes an alarm: one that waits, or one that is met and was not told.
    ///
    /// # Errors
    ///
    /// Why there is no place for it.
    pub fn add(&mut self, it: UserAlarm) -> Result<(), NotTaken> {
        let id = it.alarm.id;
        if self.entries.contains_key(&id) {
            return Err(NotTaken::Twice);
        }
        if self.entries.len() >= ALARMS_OF_ALL_MAX {
            return Err(NotTaken::TooMany);
        }
        let of_user = self.users.get(&it.user).map_or(0, BTreeSet::len);
        if of_user >= ALARMS_MAX {
            return Err(NotTaken::TooManyOfUser);
        }
        self.users.entry(it.user).or_default().insert(id);
        if it.met.is_some() {
            self.met.push_back(id);
        } else {
            let board = it.alarm.board.to_string();
            let symbols = self.waiting.entry(board).or_default();
            let waiting = symbols.entry(it.alarm.symbol).or_default();
            waiting.side(it.alarm.way).insert((it.alarm.price, id));
        }
        self.entries.insert(id, Entry { it, attempts: 0 });
        Ok(())
    }

    /// Looks what quotes of a board meet, and tells whether there is any.
    pub fn check(&mut self, board: &str, quotes: &[Quote]) -> bool {
        let Some(symbols) = self.waiting.get_mut(board) else {
            return false;
        };
        let mut any = false;
        for quote in quotes {
            let Some(waiting) = symbols.get_mut(&quote.symbol) else {
                continue;
            };
            while let Some(id) = waiting.take_met(quote.price) {
                if let Some(entry) = self.entries.get_mut(&id) {
                    entry.it.met = Some(quote.price);
                }
                self.met.push_back(id);
                any = true;
            }
            if waiting.is_empty() {
                symbols.remove(&quote.symbol);
            }
        }
        if symbols.is_empty() {
            self.waiting.remove(board);
        }
        any
    }

    /// Tells whether anybody waits for a price of this board.
    pub fn waits_for(&self, board: &str) -> bool {
        self.waiting.contains_key(board)
    }

    /// A user's alarms that wait, by board, symbol, way and price.
    pub fn of_user(&self, user: UserId) -> Vec<&Alarm> {
        let ids = self.users.get(&user).into_iter().flatten();
        let entries = ids.filter_map(|id| self.entries.get(id));
        let waiting = entries.filter(|entry| entry.it.met.is_none());
        let mut alarms: Vec<&Alarm> = waiting.map(|entry| &entry.it.alarm).collect();
        alarms.sort_by_key(|it| (it.board.as_str(), it.symbol, it.way, it.price, it.id));
        alarms
    }

    /// An alarm, whether it waits or is met.
    pub fn get(&self, id: u64) -> Option<&UserAlarm> {
        self.entries.get(&id).map(|entry| &entry.it)
    }

    /// Takes out an alarm that waits, if it is this user's.
    pub fn take(&mut self, user: UserId, id: u64) -> Option<UserAlarm> {
        let it = &self.entries.get(&id)?.it;
        if it.user != user || it.met.is_some() {
            return None;
        }
        let (board, symbol) = (it.alarm.board.as_str(), it.alarm.symbol);
        if let Some(symbols) = self.waiting.get_mut(board) {
            if let Some(waiting) = symbols.get_mut(&symbol) {
                waiting.side(it.alarm.way).remove(&(it.alarm.price, id));
                if waiting.is_empty() {
                    symbols.remove(&symbol);
                }
            }
            if symbols.is_empty() {
                self.waiting.remove(board);
            }
        }
        self.forget(id)
    }

    /// Hands out an alarm that is met, to be told.
    pub fn poll_met(&mut self) -> Option<UserAlarm> {
        let id = self.met.pop_front()?;
        self.get(id).cloned()
    }

    /// An alarm was told, or never will be: it is forgotten.
    pub fn handle_told(&mut self, id: u64) {
        self.forget(id);
    }

    /// An alarm could not be told now. It is handed out again, unless it was tried often enough: then
    /// it is forgotten, and this is false.
    pub fn handle_failed(&mut self, id: u64) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        entry.attempts += 1;
        if entry.attempts >= ATTEMPTS_MAX {
            self.forget(id);
            return false;
        }
        self.met.push_back(id);
        true
    }

    fn forget(&mut self, id: u64) -> Option<UserAlarm> {
        let it = self.entries.remove(&id)?.it;
        if let Some(ids) = self.users.get_mut(&it.user) {
            ids.remove(&id);
            if ids.is_empty() {
                self.users.remove(&it.user);
            }
        }
        Some(it)
    }
}

#[cfg(test)]
#[path = "alarms_tests.rs"]
mod tests;
