//! People: who is told who is there.

use super::*;

#[test]
fn those_who_watch_are_told_and_others_are_not() {
    let mut node = Node::new();
    for connection in [1, 2, 3] {
        node.open(connection);
    }
    node.watch(1, "log:a");
    node.subscribe(2, "log:a");
    node.watch(3, "log:a");
    assert_eq!(
        node.take(1),
        [
            "#1 from 0",
            "#1:here 1",
            "#1:joined 2 on 1, 2 here",
            "#1:joined 3 on 1, 3 here"
        ]
    );
    assert_eq!(node.take(2), ["#1 from 0"]);
    assert_eq!(node.take(3), ["#1 from 0", "#1:here 1 2 3"]);
    node.leave(2, "log:a");
    assert_eq!(node.take(1), ["#1:left 2, 2 here"]);
    assert_eq!(node.take(2), [""; 0]);
}

#[test]
fn two_tabs_are_one_user() {
    let mut node = Node::new();
    for connection in [10, 11, 2] {
        node.open(connection);
    }
    node.watch(2, "log:a");
    node.subscribe(10, "log:a");
    node.subscribe(11, "log:a");
    node.close(10);
    let told = node.take(2);
    assert_eq!(
        told[2..],
        [
            "#1:joined 1 on 1, 2 here",
            "#1:joined 1 on 2, 2 here",
            "#1:joined 1 on 1, 2 here"
        ]
    );
    assert_eq!(node.people.members(&topic("log:a")).count, 2);
}

#[test]
fn a_lost_line_lingers_and_then_leaves() {
    let mut node = Node::open_to(&[1, 2]);
    node.watch(1, "log:a");
    node.subscribe(2, "log:a");
    node.take(1);
    node.close(2);
    assert_eq!(node.take(1), [""; 0]);
    assert_eq!(node.people.poll_timeout(), Some(node.now + LINGER));
    node.handle_timeout(node.now + LINGER);
    assert_eq!(node.take(1), ["#1:left 2, 1 here"]);
    assert_eq!(node.people.poll_timeout(), None);
}

#[test]
fn who_comes_back_in_time_was_never_away() {
    let mut node = Node::open_to(&[1, 20]);
    node.watch(1, "log:a");
    node.subscribe(20, "log:a");
    node.take(1);
    node.close(20);
    node.open(21);
    node.subscribe(21, "log:a");
    node.handle_timeout(node.now + LINGER);
    assert_eq!(node.take(1), [""; 0]);
}

#[test]
fn an_empty_topic_stays_until_nobody_lingers() {
    let mut node = Node::new();
    node.open(1);
    node.subscribe(1, "log:a");
    node.close(1);
    assert_eq!(
        node.people
            .topics()
            .map(|(_, people)| people)
            .collect::<Vec<_>>(),
        [1]
    );
    node.handle_timeout(node.now + LINGER);
    assert_eq!(node.hub.topics().count(), 0);
}

#[test]
fn a_newcomer_knows_who_came_and_went_while_its_history_was_read() {
    let mut node = Node::new();
    for connection in [1, 2, 3] {
        node.open(connection);
    }
    node.subscribe(2, "log:a");
    let joined = node.join(1, "log:a", true);
    let read = node.read("log:a", Start::default());
    node.subscribe(3, "log:a");
    node.leave(2, "log:a");
    node.confirm(1, "log:a", &joined, &read, true);
    assert_eq!(node.take(1), ["#1 from 0", "#1:here 1 3"]);
}

#[test]
fn a_newcomer_is_not_told_of_itself() {
    let mut node = Node::open_to(&[10, 11]);
    node.watch(10, "log:a");
    node.watch(11, "log:a");
    assert_eq!(
        node.take(10),
        ["#1 from 0", "#1:here 1", "#1:joined 1 on 2, 1 here"]
    );
    assert_eq!(node.take(11), ["#1 from 0", "#1:here 1"]);
}

#[test]
fn joining_again_is_no_news_to_others() {
    let mut node = Node::open_to(&[1, 2]);
    node.watch(1, "log:a");
    node.subscribe(2, "log:a");
    node.take(1);
    node.subscribe(2, "log:a");
    assert_eq!(node.take(1), [""; 0]);
}

#[test]
fn nobody_is_present_where_nobody_is() {
    let node = Node::new();
    assert_eq!(node.people.members(&topic("log:a")).count, 0);
}

#[test]
fn a_reader_without_room_is_told_later_who_is_there_now() {
    let mut node = Node::small(60);
    for connection in [1, 2, 3, 4] {
        node.open(connection);
    }
    node.subscribe(4, "log:a");
    node.watch(1, "log:a");
    node.take(1);
    for n in 0..9 {
        node.publish("log:a", &format!("event {n}"));
    }
    // Two came, one of them is gone again, and one who was there left.
    node.subscribe(2, "log:a");
    node.subscribe(3, "log:a");
    node.leave(3, "log:a");
    node.leave(4, "log:a");
    let told = node.drain(1);
    let last_of = |user: &str| {
        let about = |line: &&String| {
            line.contains(&format!("joined {user} ")) || line.contains(&format!("left {user},"))
        };
        told.iter().rfind(about).map_or("", |line| &line[3..7])
    };
    assert_eq!(
        [last_of("2"), last_of("3"), last_of("4")],
        ["join", "left", "left"],
        "{told:?}"
    );
}
