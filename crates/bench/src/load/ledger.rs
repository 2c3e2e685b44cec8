//! The ledger: what was said, and who has it. Says what is lost, doubled or out of order.
//!
//! Every reader of a room expects the room's messages in the order of their numbers, each once.

use std::collections::VecDeque;

use anyhow::{Result, ensure};

use super::stamp::Stamp;

/// What must not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Deliveries that did not come.
    pub(crate) lost: u64,
    /// Deliveries that came twice, or after a later one.
    pub(crate) disordered: u64,
    /// Deliveries of something that was not said there.
    pub(crate) strange: u64,
}

impl Faults {
    /// Fails, unless all is well.
    pub(crate) fn check(self) -> Result<()> {
        let Self {
            lost,
            disordered,
            strange,
        } = self;
        ensure!(
            self == Self::default(),
            "{lost} deliveries did not come in their turn, {disordered} came late or twice, \
             {strange} were of nothing that was said"
        );
        Ok(())
    }
}

/// What was said, and who has it.
#[derive(Debug)]
pub(crate) struct Ledger {
    rooms: Vec<Room>,
    readers: Vec<Reader>,
    under_way: usize,
    faults: Faults,
}

#[derive(Debug, Default)]
struct Room {
    readers: u32,
    /// The number of the first message that not everybody has.
    first: u32,
    /// How many readers lack each message from the first on.
    lacking: VecDeque<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Reader {
    room: u32,
    next: u32,
}

impl Ledger {
    /// A ledger of so many rooms.
    pub(crate) fn new(rooms: usize) -> Self {
        Self {
            rooms: (0..rooms).map(|_| Room::default()).collect(),
            readers: Vec::new(),
            under_way: 0,
            faults: Faults::default(),
        }
    }

    /// Adds a reader of a room, and returns its number: 0, 1 and so on. Nothing may be under way.
    pub(crate) fn add_reader(&mut self, room: u32) -> usize {
        let place = &mut self.rooms[room as usize];
        place.readers += 1;
        let next = place.next();
        self.readers.push(Reader { room, next });
        self.readers.len() - 1
    }

    /// Says something in a room, and returns its number there.
    pub(crate) fn say(&mut self, room: u32) -> u32 {
        let place = &mut self.rooms[room as usize];
        let number = place.next();
        place.lacking.push_back(place.readers);
        self.under_way += 1;
        number
    }

    /// Takes a delivery down.
    pub(crate) fn deliver(&mut self, reader: usize, stamp: Stamp) {
        let reader = &mut self.readers[reader];
        let room = &mut self.rooms[reader.room as usize];
        if stamp.place != reader.room || stamp.number >= room.next() {
            self.faults.strange += 1;
            return;
        }
        if stamp.number < reader.next {
            self.faults.disordered += 1;
            return;
        }
        self.faults.lost += u64::from(stamp.number - reader.next);
        for number in reader.next..=stamp.number {
            room.lacking[(number - room.first) as usize] -= 1;
        }
        reader.next = stamp.number + 1;
        while room.lacking.front() == Some(&0) {
            room.lacking.pop_front();
            room.first += 1;
            self.under_way -= 1;
        }
    }

    /// How many messages somebody still lacks.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Gives up waiting: what is under way is lost.
    pub(crate) fn give_up(&mut self) {
        for room in &mut self.rooms {
            self.faults.lost += room.lacking.iter().map(|&it| u64::from(it)).sum::<u64>();
            room.first = room.next();
            room.lacking.clear();
        }
        for reader in &mut self.readers {
            reader.next = self.rooms[reader.room as usize].first;
        }
        self.under_way = 0;
    }

    /// What went wrong so far.
    pub(crate) fn faults(&self) -> Faults {
        self.faults
    }
}

impl Room {
    fn next(&self) -> u32 {
        self.first + self.lacking.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two readers of one room of two; three messages are said there, and these are delivered.
    fn check(deliveries: &[(usize, u32, u32)], under_way: usize, expected: Faults) {
        let mut ledger = Ledger::new(2);
        assert_eq!((ledger.add_reader(1), ledger.add_reader(1)), (0, 1));
        for number in 0..3 {
            assert_eq!(ledger.say(1), number);
        }
        for &(reader, place, number) in deliveries {
            let due_ns = 0;
            ledger.deliver(
                reader,
                Stamp {
                    place,
                    number,
                    due_ns,
                },
            );
        }
        assert_eq!(ledger.under_way(), under_way, "{deliveries:?}");
        ledger.give_up();
        assert_eq!(ledger.faults(), expected, "{deliveries:?}");
    }

    const NONE: Faults = Faults {
        lost: 0,
        disordered: 0,
        strange: 0,
    };

    #[test]
    fn all_is_well_when_everybody_has_each_message_once_and_in_order() {
        let all = [
            (0, 1, 0),
            (1, 1, 0),
            (0, 1, 1),
            (0, 1, 2),
            (1, 1, 1),
            (1, 1, 2),
        ];
        check(&all, 0, NONE);
        assert!(NONE.check().is_ok());
    }

    #[test]
    fn what_is_left_out_is_lost() {
        let lost = |lost| Faults { lost, ..NONE };
        check(&[], 3, lost(6));
        check(
            &[(0, 1, 0), (1, 1, 0), (0, 1, 1), (0, 1, 2), (1, 1, 2)],
            0,
            lost(1),
        );
        check(
            &[(0, 1, 0), (0, 1, 1), (0, 1, 2), (1, 1, 0), (1, 1, 1)],
            1,
            lost(1),
        );
    }

    #[test]
    fn what_comes_twice_or_late_is_disordered() {
        let all = [
            (0, 1, 0),
            (0, 1, 0),
            (0, 1, 1),
            (0, 1, 2),
            (1, 1, 0),
            (1, 1, 1),
            (1, 1, 2),
        ];
        let disordered = Faults {
            disordered: 1,
            ..NONE
        };
        check(&all, 0, disordered);
        let swapped = [
            (0, 1, 0),
            (0, 1, 2),
            (0, 1, 1),
            (1, 1, 0),
            (1, 1, 1),
            (1, 1, 2),
        ];
        check(
            &swapped,
            0,
            Faults {
                lost: 1,
                ..disordered
            },
        );
    }

    #[test]
    fn what_was_not_said_there_is_strange() {
        let strange = Faults {
            lost: 6,
            strange: 2,
            ..NONE
        };
        check(&[(0, 0, 0), (0, 1, 3)], 3, strange);
        assert!(strange.check().is_err());
    }

    #[test]
    fn a_ledger_goes_on_after_a_loss() {
        let mut ledger = Ledger::new(1);
        ledger.add_reader(0);
        ledger.say(0);
        ledger.give_up();
        let number = ledger.say(0);
        assert_eq!(number, 1);
        ledger.deliver(
            0,
            Stamp {
                place: 0,
                number,
                due_ns: 0,
            },
        );
        assert_eq!((ledger.under_way(), ledger.faults().lost), (0, 1));
    }
}
