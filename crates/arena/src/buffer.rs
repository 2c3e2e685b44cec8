//! The inputs of one player that came before their tick.

use std::collections::BTreeMap;

use crate::input::Input;

/// How far ahead of the world an input may be, in ticks.
const AHEAD_MAX: u32 = 30;

/// How long the last input is assumed to go on when none comes, in ticks.
const HOLD: u32 = 10;

/// Why an input is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Its tick is over.
    TooLate,
    /// Its tick is more than a second away.
    TooEarly,
    /// There is one for its tick already. What is said is not said again in another way.
    Twice,
}

/// The inputs of a player, by tick: at most 30 wait.
#[derive(Clone, Debug, Default)]
pub struct InputBuffer {
    waiting: BTreeMap<u32, Input>,
    last: Input,
    missed: u32,
}

impl InputBuffer {
    /// Takes an input for `tick`, when the world has made the step to `now`.
    ///
    /// # Errors
    ///
    /// Why it changes nothing.
    pub fn put(&mut self, now: u32, tick: u32, input: Input) -> Result<(), NotTaken> {
        if tick <= now {
            return Err(NotTaken::TooLate);
        }
        if tick - now > AHEAD_MAX {
            return Err(NotTaken::TooEarly);
        }
        if self.waiting.contains_key(&tick) {
            return Err(NotTaken::Twice);
        }
        self.waiting.insert(tick, input);
        Ok(())
    }

    /// The input for `tick`. If none came, the last one goes on for a third of a second, without
    /// firing; then the disc stands.
    pub fn take(&mut self, tick: u32) -> Input {
        // Whatever is older can no longer be used.
        let later = self.waiting.split_off(&tick.saturating_add(1));
        let due = std::mem::replace(&mut self.waiting, later).remove(&tick);
        match due {
            Some(input) => {
                self.missed = 0;
                self.last = input;
            }
            None => {
                self.missed = self.missed.saturating_add(1);
                self.last = self.last.held();
                if self.missed > HOLD {
                    self.last.moves = Default::default();
                }
            }
        }
        self.last
    }

    /// How many ticks in a row nothing came.
    pub fn missed(&self) -> u32 {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Moves;

    const RIGHT: Input = Input {
        moves: Moves {
            up: false,
            down: false,
            left: false,
            right: true,
        },
        aim: crate::Angle(9),
        fire: true,
        view_back: 2,
    };

    #[test]
    fn what_is_not_in_time_is_refused() {
        let mut buffer = InputBuffer::default();
        assert_eq!(buffer.put(7, 7, RIGHT), Err(NotTaken::TooLate));
        assert_eq!(buffer.put(7, 38, RIGHT), Err(NotTaken::TooEarly));
        assert_eq!(buffer.put(7, 37, RIGHT), Ok(()));
        assert_eq!(buffer.put(7, 37, RIGHT), Err(NotTaken::Twice));
        assert_eq!(buffer.put(7, u32::MAX, RIGHT), Err(NotTaken::TooEarly));
        (8..37).for_each(|tick| assert_eq!(buffer.put(7, tick, RIGHT), Ok(())));
        assert_eq!(buffer.waiting.len(), 30);
    }

    #[test]
    fn a_player_who_says_nothing_goes_on_and_then_stands() {
        let mut buffer = InputBuffer::default();
        buffer.put(0, 1, RIGHT).expect("in time");
        assert_eq!(buffer.take(1), RIGHT);
        for tick in 2..=11 {
            assert_eq!(buffer.take(tick), RIGHT.held());
        }
        let stands = Input {
            moves: Moves::default(),
            ..RIGHT.held()
        };
        assert_eq!((buffer.take(12), buffer.missed()), (stands, 11));
        buffer.put(12, 13, RIGHT).expect("in time");
        assert_eq!((buffer.take(13), buffer.missed()), (RIGHT, 0));
    }
}
