//! The log as brokers drive it: order, dedupe, retention, recovery.

use std::time::Duration;

use trunkline_protocol::frame::PAGE_MAX;
use trunkline_protocol::payload::PAYLOAD_LEN_MAX;
use trunkline_protocol::{Gap, GapCause, MessageId, SenderId, UserId};

use super::*;

const EPOCH: Epoch = Epoch(7);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn at(ms: u64) -> Moment {
    Moment::from_ms(ms)
}

fn event(len: usize) -> Payload {
    Payload::try_from(vec![7; len]).expect("a fitting event")
}

fn own(len: usize) -> Append {
    Append {
        key: None,
        event: event(len),
        conflation_key: None,
        keyframe: false,
    }
}

fn key(user: u64, sender: u64, counter: u32) -> PublishKey {
    PublishKey {
        user: UserId(user),
        message_id: MessageId {
            sender: SenderId::from_random(sender),
            counter,
        },
    }
}

fn log(delivery: Delivery) -> Log {
    Log::new(EPOCH, delivery)
}

fn keeping(keep: u32) -> Log {
    log(Delivery::Log { keep, max_age: DAY })
}

fn filled(keep: u32, published: u64) -> Log {
    let mut log = keeping(keep);
    for _ in 0..published {
        log.append(at(0), own(1));
    }
    log
}

fn offsets(page: &Page) -> Vec<Offset> {
    page.publications
        .iter()
        .map(|publication| publication.offset)
        .collect()
}

fn since(epoch: u32, offset: Offset) -> Position {
    Position {
        epoch: Epoch(epoch),
        offset,
    }
}

/// What a reader at `since` gets of a log of `published` events that keeps `keep`: what it missed,
/// or what is left after a gap.
fn check(
    keep: u32,
    published: u64,
    (epoch, offset): (u32, Offset),
    expected: Result<&[Offset], &[Offset]>,
) {
    let recovery = filled(keep, published).recover(since(epoch, offset));
    let got = offsets(&recovery.page);
    let first = got.first().map_or(recovery.page.head, |first| first - 1);
    assert_eq!(
        recovery.after, first,
        "what follows comes right after the position"
    );
    match expected {
        Ok(missed) => assert_eq!((recovery.gap, got.as_slice()), (None, missed)),
        Err(left) => {
            assert!(recovery.gap.is_some(), "something is lost");
            assert_eq!(got, left);
        }
    }
}

#[test]
fn a_reader_gets_what_it_missed_or_is_told_that_it_cannot() {
    check(3, 0, (7, 0), Ok(&[]));
    check(3, 2, (7, 0), Ok(&[1, 2]));
    check(3, 5, (7, 5), Ok(&[]));
    check(3, 5, (7, 4), Ok(&[5]));
    check(3, 5, (7, 2), Ok(&[3, 4, 5]));
    check(3, 5, (7, 1), Err(&[3, 4, 5]));
    check(3, 5, (7, 0), Err(&[3, 4, 5]));
    check(1, 5, (7, 3), Err(&[5]));
}

#[test]
fn a_position_that_was_never_given_counts_as_another_epoch() {
    check(3, 5, (7, 6), Err(&[3, 4, 5]));
    check(3, 5, (7, Offset::MAX), Err(&[3, 4, 5]));
    check(3, 5, (8, 5), Err(&[3, 4, 5]));
    check(3, 5, (8, 0), Err(&[3, 4, 5]));
    check(3, 0, (8, 0), Err(&[]));
    check(3, 0, (7, 1), Err(&[]));
}

#[test]
fn a_gap_says_which_and_how_many_and_why() {
    let log = filled(3, 10);
    let lost = Gap {
        from: 3,
        to: 7,
        count: 5,
        cause: GapCause::Retention,
    };
    assert_eq!(log.recover(since(7, 2)).gap, Some(lost));
    let unknown = Gap {
        from: 1,
        to: 0,
        count: 0,
        cause: GapCause::Epoch,
    };
    assert_eq!(log.recover(since(6, 2)).gap, Some(unknown));
    assert_eq!(log.recover(since(7, 11)).gap, Some(unknown));
}

#[test]
fn everything_expired_is_a_gap_up_to_the_head() {
    let mut log = filled(3, 5);
    log.expire(at(0) + DAY + Duration::from_millis(1));
    assert_eq!((log.first(), log.position().offset), (6, 5));
    let recovery = log.recover(since(7, 1));
    assert_eq!(
        recovery.gap,
        Some(Gap {
            from: 2,
            to: 5,
            count: 4,
            cause: GapCause::Retention
        })
    );
    assert_eq!((recovery.after, recovery.page.publications), (5, vec![]));
    assert_eq!(log.recover(since(7, 5)).gap, None);
}

#[test]
fn offsets_go_on_when_nothing_is_kept() {
    let mut log = filled(3, 5);
    log.expire(at(0) + DAY + DAY);
    let next = Publication {
        offset: 6,
        step: 1,
        event: event(1),
    };
    assert_eq!(log.append(at(0) + DAY, own(1)), Appended::New(next));
}

#[test]
fn no_position_makes_recovery_panic_or_lie() {
    let log = filled(4, 9);
    for epoch in [0, 6, 7, 8, u32::MAX] {
        for offset in (0..12).chain([u64::from(u32::MAX), Offset::MAX - 1, Offset::MAX]) {
            let recovery = log.recover(since(epoch, offset));
            let whole = epoch == 7 && (5..=9).contains(&offset);
            assert_eq!(recovery.gap.is_none(), whole, "{epoch}/{offset}");
            assert!(
                recovery
                    .page
                    .publications
                    .iter()
                    .all(|it| it.offset > recovery.after)
            );
        }
    }
}

#[test]
fn retention_by_age_forgets_the_old_and_keeps_the_young() {
    let mut log = log(Delivery::Log {
        keep: 100,
        max_age: Duration::from_secs(10),
    });
    for second in 0..5 {
        log.append(at(second * 1000), own(1));
    }
    log.expire(at(10_000));
    assert_eq!(log.first(), 1, "exactly ten seconds are kept");
    log.expire(at(12_001));
    assert_eq!(offsets(&log.newest(9)), [4, 5]);
    log.append(at(30_000), own(1));
    assert_eq!(offsets(&log.newest(9)), [6], "an append forgets, too");
}

#[test]
fn retention_by_bytes_bounds_the_memory_and_keeps_the_newest() {
    let mut log = keeping(u32::MAX);
    for _ in 0..200 {
        log.append(at(0), own(PAYLOAD_LEN_MAX));
        assert!(log.len <= LOG_LEN_MAX);
    }
    let kept = log.position().offset - log.first() + 1;
    assert_eq!(kept, (LOG_LEN_MAX / PAYLOAD_LEN_MAX) as u64);
    assert_eq!(
        log.kept
            .values()
            .map(|it| it.publication.event.len())
            .sum::<usize>(),
        log.len
    );
}

#[test]
fn a_retry_finds_its_first_publication() {
    let mut log = keeping(10);
    let say = |key| Append {
        key: Some(key),
        ..own(1)
    };
    assert!(matches!(
        log.append(at(0), say(key(1, 5, 1))),
        Appended::New(_)
    ));
    assert!(matches!(
        log.append(at(0), say(key(1, 5, 2))),
        Appended::New(_)
    ));
    assert_eq!(log.append(at(0), say(key(1, 5, 1))), Appended::Duplicate(1));
    assert_eq!(log.find(&key(1, 5, 2)), Some(2));
    assert_eq!(log.position().offset, 2, "a duplicate takes no offset");
}

#[test]
fn nobody_collides_with_the_ids_of_another() {
    let mut log = keeping(10);
    let say = |key| Append {
        key: Some(key),
        ..own(1)
    };
    log.append(at(0), say(key(1, 5, 1)));
    assert_eq!(log.find(&key(2, 5, 1)), None, "another user");
    assert_eq!(log.find(&key(1, 6, 1)), None, "another sender");
    assert!(matches!(
        log.append(at(0), say(key(2, 5, 1))),
        Appended::New(_)
    ));
    assert_eq!(log.append(at(0), say(key(1, 5, 1))), Appended::Duplicate(1));
    assert_eq!(log.append(at(0), say(key(2, 5, 1))), Appended::Duplicate(2));
}

#[test]
fn an_id_is_remembered_longer_than_its_publication_and_not_for_ever() {
    let mut log = keeping(1);
    let say = |counter| Append {
        key: Some(key(1, 5, counter)),
        ..own(1)
    };
    let window = IdLimits::PROMISED.of_user as u32;
    for counter in 1..=window {
        log.append(at(0), say(counter));
    }
    assert_eq!(log.append(at(0), say(1)), Appended::Duplicate(1));
    log.append(at(0), say(0));
    assert_eq!(log.find(&key(1, 5, 1)), None, "the oldest makes room");
    assert_eq!(log.find(&key(1, 5, 2)), Some(2));
}

#[test]
fn commands_of_other_users_push_no_id_out() {
    let mut log = keeping(1);
    let say = |user, counter| Append {
        key: Some(key(user, 5, counter)),
        ..own(1)
    };
    log.append(at(0), say(1, 1));
    for counter in 1..=5000 {
        log.append(at(0), say(2, counter));
    }
    assert_eq!(log.append(at(0), say(1, 1)), Appended::Duplicate(1));
}

#[test]
fn a_log_that_remembers_a_command_is_not_spent() {
    let mut log = log(Delivery::Log {
        keep: 9,
        max_age: Duration::from_secs(60),
    });
    assert!(log.is_spent(at(0)));
    let command = Append {
        key: Some(key(1, 5, 1)),
        ..own(1)
    };
    log.append(at(0), command);
    log.expire(at(60_001));
    assert!(log.kept.is_empty() && !log.is_spent(at(60_001)));
    log.expire(at(0) + DAY + Duration::from_millis(1));
    assert!(log.is_spent(at(0) + DAY + Duration::from_millis(1)));
}

#[test]
fn a_topic_that_keeps_no_log_is_spent_although_it_remembers_commands() {
    let mut log = log(Delivery::Volatile);
    let command = Append {
        key: Some(key(1, 5, 1)),
        ..own(1)
    };
    log.append(at(0), command);
    assert!(log.is_spent(at(0)));
}

#[test]
fn memory_of_ids_is_counted() {
    let mut log = keeping(1);
    log.append(at(0), own(1));
    assert_eq!(log.ids_memory_len(), 0);
    for counter in 1..=100 {
        let command = Append {
            key: Some(key(1, 5, counter)),
            ..own(1)
        };
        log.append(at(0), command);
    }
    assert!(log.ids_memory_len() >= 100 * 100);
}

#[test]
fn events_of_the_server_have_no_id_and_never_collide() {
    let mut log = keeping(10);
    for expected in 1..=3 {
        let Appended::New(publication) = log.append(at(0), own(1)) else {
            panic!("not new")
        };
        assert_eq!((publication.offset, publication.step), (expected, 1));
    }
}

#[test]
fn a_range_takes_absurd_offsets_and_limits() {
    let log = filled(5, 9);
    assert_eq!(offsets(&log.before(8, 2)), [6, 7]);
    assert_eq!(offsets(&log.after(6, 2)), [7, 8]);
    assert_eq!(offsets(&log.newest(2)), [8, 9]);
    assert_eq!(
        offsets(&log.before(Offset::MAX, usize::MAX)),
        [5, 6, 7, 8, 9]
    );
    assert_eq!(offsets(&log.after(0, usize::MAX)), [5, 6, 7, 8, 9]);
    for empty in [
        log.before(0, 9),
        log.before(5, 9),
        log.after(9, 9),
        log.after(Offset::MAX, 9),
        log.newest(0),
    ] {
        assert_eq!(
            empty,
            Page {
                publications: vec![],
                first: 5,
                head: 9
            }
        );
    }
}

#[test]
fn a_page_is_bounded_in_number_and_bytes() {
    let many = filled(1000, 1000);
    assert_eq!(
        offsets(&many.after(0, usize::MAX)),
        (1..=PAGE_MAX as u64).collect::<Vec<_>>()
    );
    assert_eq!(many.newest(usize::MAX).publications.len(), PAGE_MAX);
    assert_eq!(
        many.newest(usize::MAX)
            .publications
            .last()
            .map(|it| it.offset),
        Some(1000)
    );
    let mut large = keeping(1000);
    for len in [30_000, 30_000, 30_000, PAYLOAD_LEN_MAX, PAYLOAD_LEN_MAX] {
        large.append(at(0), own(len));
    }
    assert_eq!(offsets(&large.after(0, 9)), [1, 2]);
    assert_eq!(
        offsets(&large.after(3, 9)),
        [4],
        "the first one always comes"
    );
    assert_eq!(offsets(&large.newest(9)), [5]);
    assert_eq!(offsets(&large.before(4, 9)), [2, 3]);
}

#[test]
fn pages_lead_from_a_recovery_to_the_head_without_a_hole() {
    let log = filled(1000, 1000);
    let recovery = log.recover(since(7, 1));
    let (mut got, mut page) = (Vec::new(), recovery.page);
    while !page.publications.is_empty() {
        got.extend(offsets(&page));
        page = log.after(*got.last().expect("a page that is not empty"), PAGE_MAX);
    }
    assert_eq!(got, (2..=1000).collect::<Vec<_>>());
}

#[test]
fn latest_keeps_the_newest_of_each_key() {
    let mut log = log(Delivery::Latest { max_hz: None });
    for key in ["a", "b", "a", "c", "a"] {
        log.append(
            at(0),
            Append {
                conflation_key: Some(key.to_owned()),
                ..own(10)
            },
        );
    }
    assert_eq!(offsets(&log.newest(9)), [2, 4, 5]);
    assert_eq!((log.len, log.newest_of_key.len()), (30, 3));
    assert_eq!(offsets(&log.recover(since(7, 3)).page), [4, 5]);
}

#[test]
fn latest_is_bounded_in_bytes_whatever_the_keys_are() {
    let mut log = log(Delivery::Latest { max_hz: None });
    for key in 0..200 {
        log.append(
            at(0),
            Append {
                conflation_key: Some(key.to_string()),
                ..own(PAYLOAD_LEN_MAX)
            },
        );
    }
    assert!(log.len <= LOG_LEN_MAX);
    assert_eq!(log.newest_of_key.len(), log.kept.len());
    assert_eq!(log.newest(1).publications.len(), 1);
}

#[test]
fn keyframed_keeps_the_current_run() {
    let mut log = log(Delivery::Keyframed { max_run: 4 });
    let frame = |keyframe| Append {
        keyframe,
        ..own(10)
    };
    log.append(at(0), frame(false));
    assert_eq!(log.first(), 2, "nothing before the first keyframe");
    for keyframe in [true, false, false, true, false] {
        log.append(at(0), frame(keyframe));
    }
    assert_eq!(offsets(&log.newest(9)), [5, 6]);
    assert_eq!(log.len, 20);
}

#[test]
fn a_run_is_over_when_it_has_not_gone_on_for_a_minute() {
    let mut run = log(Delivery::Keyframed { max_run: 4 });
    assert!(run.is_over(at(0)), "there is none");
    let keyframe = Append {
        keyframe: true,
        ..own(10)
    };
    run.append(at(0), keyframe.clone());
    assert!(!run.is_over(at(60_000)) && run.is_over(at(60_001)));
    run.append(at(60_001), keyframe);
    assert!(!run.is_over(at(120_001)) && run.is_over(at(120_002)));
    assert!(!log(Delivery::Latest { max_hz: None }).is_over(at(99_000)));
}

#[test]
fn a_run_that_is_too_long_is_not_kept_without_its_keyframe() {
    let mut log = log(Delivery::Keyframed { max_run: 3 });
    let frame = |keyframe| Append {
        keyframe,
        ..own(10)
    };
    for keyframe in [true, false, false] {
        log.append(at(0), frame(keyframe));
    }
    assert_eq!(offsets(&log.newest(9)), [1, 2, 3]);
    for _ in 0..3 {
        log.append(at(0), frame(false));
        assert_eq!(log.newest(9).publications, []);
    }
    log.append(at(0), frame(true));
    assert_eq!(offsets(&log.newest(9)), [7]);
}

#[test]
fn volatile_counts_and_keeps_nothing() {
    let mut log = log(Delivery::Volatile);
    log.append(at(0), own(10));
    log.append(at(0), own(10));
    assert_eq!(
        log.newest(9),
        Page {
            publications: vec![],
            first: 3,
            head: 2
        }
    );
}
