//! Message ids: windows, ages, the bound of a topic, and a comparison with a simple model.

use trunkline_protocol::SenderId;

use super::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn at(ms: u64) -> Moment {
    Moment::from_ms(ms)
}

fn key(user: u64, counter: u32) -> PublishKey {
    let sender = SenderId::from_random(1);
    PublishKey {
        user: UserId(user),
        message_id: MessageId { sender, counter },
    }
}

fn limits(of_user: usize, of_topic: usize) -> IdLimits {
    IdLimits {
        of_user,
        of_topic,
        ..IdLimits::PROMISED
    }
}

/// Ids that were taken one after the other: user, counter, moment. Offsets count from 1.
fn filled(limits: IdLimits, taken: &[(u64, u32, u64)]) -> MessageIds {
    let mut ids = MessageIds::new(limits);
    for (place, (user, counter, ms)) in taken.iter().enumerate() {
        take(&mut ids, place as u64 + 1, (*user, *counter), *ms);
    }
    ids
}

/// Takes a command as a log does. False if there is no room for its id.
fn take(ids: &mut MessageIds, offset: Offset, (user, counter): (u64, u32), ms: u64) -> bool {
    ids.expire(at(ms));
    let key = key(user, counter);
    let has_room = ids.has_room(at(ms), key.user, 0, || 0);
    if has_room {
        ids.remember(KeptId {
            offset,
            key,
            at: at(ms),
        });
    }
    has_room
}

fn offsets(ids: &MessageIds) -> Vec<Offset> {
    ids.by_age.keys().copied().collect()
}

#[test]
fn a_window_is_of_one_user() {
    let mut taken = vec![(1, 1, 0)];
    taken.extend((1..=9).map(|counter| (2, counter, 0)));
    let ids = filled(limits(3, 100), &taken);
    assert_eq!(offsets(&ids), [1, 8, 9, 10]);
    assert_eq!(ids.find(&key(1, 1)), Some(1));
    assert_eq!(ids.find(&key(2, 6)), None);
}

#[test]
fn an_id_is_forgotten_after_a_day() {
    let mut ids = filled(limits(9, 9), &[(1, 1, 0), (2, 1, 1)]);
    ids.expire(at(24 * HOUR));
    assert_eq!(offsets(&ids), [1, 2], "exactly a day is kept");
    ids.expire(at(24 * HOUR + 1));
    assert_eq!(offsets(&ids), [2]);
    ids.expire(at(24 * HOUR + 2));
    assert!(ids.is_empty() && ids.offset_of.is_empty() && ids.of_user.is_empty());
}

#[test]
fn many_old_ids_are_forgotten_in_steps() {
    let count = EXPIRED_AT_ONCE_MAX as u32 + 10;
    let taken: Vec<_> = (1..=count).map(|counter| (1, counter, 0)).collect();
    let mut ids = filled(limits(9999, 9999), &taken);
    ids.expire(at(25 * HOUR));
    assert_eq!(ids.by_age.len(), 10);
    ids.expire(at(25 * HOUR));
    assert!(ids.is_empty());
}

#[test]
fn at_the_bound_the_longest_idle_user_gives_way() {
    // User 1 has the oldest id and was active last; user 2 is idle for longest.
    let taken = [(1, 1, 0), (2, 1, 1), (2, 2, 2), (3, 1, 3), (1, 2, 4)];
    let mut ids = filled(limits(9, 5), &taken);
    for (offset, left) in [
        (6, [1, 3, 4, 5, 6]),
        (7, [1, 4, 5, 6, 7]),
        (8, [1, 5, 6, 7, 8]),
        (9, [5, 6, 7, 8, 9]),
    ] {
        assert!(take(&mut ids, offset, (offset, 1), HOUR));
        assert_eq!(offsets(&ids), left);
    }
}

#[test]
fn no_id_younger_than_ten_minutes_gives_way() {
    let mut ids = filled(limits(9, 2), &[(1, 1, 0), (2, 1, MINUTE)]);
    let just_before = 10 * MINUTE - 1;
    assert!(!take(&mut ids, 3, (3, 1), just_before));
    assert_eq!(offsets(&ids), [1, 2], "a refusal changes nothing");
    assert!(take(&mut ids, 3, (3, 1), 10 * MINUTE));
    assert!(!take(&mut ids, 4, (4, 1), 10 * MINUTE));
    assert_eq!(offsets(&ids), [2, 3]);
}

#[test]
fn where_every_user_is_active_the_oldest_id_of_all_gives_way() {
    // User 2 is idle for longest, but not for ten minutes.
    let taken = [(1, 1, 0), (2, 1, 11 * MINUTE), (1, 2, 12 * MINUTE)];
    let mut ids = filled(limits(9, 3), &taken);
    assert!(take(&mut ids, 4, (3, 1), 13 * MINUTE));
    assert_eq!(offsets(&ids), [2, 3, 4]);
    assert!(!take(&mut ids, 5, (3, 2), 13 * MINUTE));
}

#[test]
fn a_user_with_a_full_window_is_taken_at_the_bound() {
    let mut ids = filled(limits(2, 3), &[(1, 1, 0), (1, 2, 0), (2, 1, 0)]);
    assert!(
        take(&mut ids, 4, (1, 3), 1),
        "it takes the place of an own one"
    );
    assert!(!take(&mut ids, 5, (2, 2), 1));
    assert_eq!(offsets(&ids), [2, 3, 4]);
}

/// A batch at one moment: has the ids that are staged before each one, and says what is taken.
fn stage(ids: &mut MessageIds, users: &[u64], ms: u64) -> Vec<bool> {
    let mut staged: Vec<u64> = Vec::new();
    let has_room = |&user: &u64| {
        let of_user = || staged.iter().filter(|it| **it == user).count();
        let has_room = ids.has_room(at(ms), UserId(user), staged.len(), of_user);
        if has_room {
            staged.push(user);
        }
        has_room
    };
    users.iter().map(has_room).collect()
}

#[test]
fn a_batch_counts_the_ids_that_are_staged_before() {
    // One place is free, and one id may give way.
    let taken = [(1, 1, 0), (2, 1, 5 * MINUTE), (2, 2, 5 * MINUTE)];
    let mut ids = filled(limits(2, 4), &taken);
    let now = 11 * MINUTE;
    let batch = [3, 4, 5, 2, 6];
    assert_eq!(
        stage(&mut ids, &batch, now),
        [true, true, false, true, false],
        "user 2 has a full window, which makes its own room"
    );
}

/// A user's full window is no reason to take a command if others of the batch may empty it.
#[test]
fn a_full_window_that_gives_way_to_others_makes_no_room() {
    let mut ids = filled(limits(1, 2), &[(1, 1, 0), (2, 1, 9 * MINUTE)]);
    let now = 11 * MINUTE;
    assert_eq!(stage(&mut ids, &[3, 1], now), [true, false]);
    assert!(take(&mut ids, 3, (3, 1), now));
    assert!(!take(&mut ids, 4, (1, 2), now));
}

/// Model of what a log remembers by the letter of the promise, in the simplest way.
struct Model {
    limits: IdLimits,
    ids: Vec<KeptId>,
}

impl Model {
    fn take(&mut self, id: KeptId) -> bool {
        let limits = self.limits;
        let now = id.at;
        self.ids.retain(|it| now.since(it.at) <= limits.kept_for);
        let of_user = |it: &KeptId| it.key.user == id.key.user;
        if self.ids.iter().filter(|it| of_user(it)).count() >= limits.of_user {
            let oldest = self.ids.iter().position(of_user).expect("a full window");
            self.ids.remove(oldest);
        }
        self.ids.push(id);
        if self.ids.len() > limits.of_topic {
            // The user of this command is not idle.
            let newest_of = |user| self.ids.iter().rposition(|it| it.key.user == user);
            let idle = self.ids.iter().min_by_key(|it| newest_of(it.key.user));
            let candidates = [idle, self.ids.first()].into_iter().flatten();
            let may_go = |it: &&KeptId| now.since(it.at) >= limits.spared_for;
            let Some(gives_way) = candidates.copied().find(|it| may_go(&it)) else {
                self.ids.pop();
                return false;
            };
            self.ids.retain(|it| *it != gives_way);
        }
        true
    }
}

/// A number that looks random and is the same each time.
fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn ids_are_remembered_and_refused_by_the_letter_of_the_promise() {
    for seed in 0..60 {
        let mut state = seed;
        let limits = IdLimits {
            of_user: 1 + (seed % 5) as usize,
            of_topic: 6 + (seed % 11) as usize,
            kept_for: Duration::from_millis(400),
            spared_for: Duration::from_millis(60 + seed % 80),
        };
        let mut ids = MessageIds::new(limits);
        ids.track_forgotten();
        let mut model = Model {
            limits,
            ids: Vec::new(),
        };
        let (mut now, mut offset, mut refused) = (0, 0, 0);
        for counter in 0..800 {
            now += next(&mut state) % if counter % 100 < 50 { 4 } else { 60 };
            let user = next(&mut state) % 12;
            let id = KeptId {
                offset: offset + 1,
                key: key(user, counter),
                at: at(now),
            };
            let taken = take(&mut ids, offset + 1, (user, counter), now);
            assert_eq!(taken, model.take(id), "seed {seed}, command {counter}");
            let expected: Vec<Offset> = model.ids.iter().map(|it| it.offset).collect();
            assert_eq!(offsets(&ids), expected, "seed {seed}, command {counter}");
            offset += u64::from(taken);
            refused += u32::from(!taken);

            let forgotten = ids.forgotten.as_ref().expect("it is tracked");
            assert_eq!(forgotten.len() + expected.len(), offset as usize);
            assert_eq!(ids.offset_of.len(), expected.len());
            let counted: usize = ids.of_user.values().map(VecDeque::len).sum();
            assert_eq!(counted, expected.len());
        }
        assert!(refused > 0 || limits.of_user < 3, "seed {seed} refuses");
    }
}

/// Whatever a batch is made of, what was staged is taken when it is appended.
#[test]
fn what_is_staged_has_room() {
    let mut refused = 0;
    for seed in 0..3000 {
        let mut state = seed;
        let of_topic = 3 + (seed % 8) as usize;
        let mut ids = MessageIds::new(limits(1 + (seed % 4) as usize, of_topic));
        let (mut offset, mut now) = (0, 0);
        for batch in 0..20 {
            now += next(&mut state) % (8 * MINUTE);
            ids.expire(at(now));
            let users: Vec<u64> = (0..next(&mut state) % 7)
                .map(|_| next(&mut state) % 6)
                .collect();
            let staged = stage(&mut ids, &users, now);
            for (place, user) in users.iter().enumerate().filter(|(place, _)| staged[*place]) {
                offset += 1;
                let counter = batch * 10 + place as u32;
                let taken = take(&mut ids, offset, (*user, counter), now);
                assert!(taken, "seed {seed}, batch {batch}: {users:?}, {staged:?}");
            }
            assert!(ids.by_age.len() <= of_topic, "seed {seed}");
            refused += staged.iter().filter(|it| !**it).count();
        }
    }
    assert!(refused > 1000, "only {refused} were refused");
}

#[test]
fn more_ids_than_fit_are_restored_and_shrink_as_they_age() {
    let mut ids = MessageIds::new(limits(9, 2));
    for offset in 1..=4 {
        ids.recall(KeptId {
            offset,
            key: key(offset, 1),
            at: at(offset * MINUTE),
        });
    }
    assert!(
        !take(&mut ids, 5, (5, 1), 11 * MINUTE),
        "one may go, three must"
    );
    assert!(take(&mut ids, 5, (5, 1), 13 * MINUTE));
    assert_eq!(offsets(&ids), [4, 5]);
}
