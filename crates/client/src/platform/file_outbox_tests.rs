//! A file that is cut anywhere, opened twice, or full of what is no longer needed.

use std::collections::BTreeSet;

use tempfile::TempDir;
use trunkline_protocol::MessageId;

use super::*;
use crate::record::tests::saved;

const ME: UserId = UserId(3);

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("outbox");
    (folder, path)
}

fn open(path: &Path) -> FileOutbox {
    FileOutbox::open(path, ME).expect("an outbox")
}

/// Makes a command under the next counter, as a client does.
fn say(outbox: &mut FileOutbox, counter: u32, text: &str) -> SavedCommand {
    let command = saved(u64::from(outbox.sender), counter, text);
    outbox.put(&command).expect("room for a command");
    command
}

/// The texts that are kept.
fn texts(saved: &SavedOutbox) -> Vec<String> {
    let text = |command: &SavedCommand| {
        String::from_utf8(command.command.as_bytes().to_vec()).expect("a text")
    };
    saved.commands.iter().map(text).collect()
}

#[test]
fn what_was_put_and_not_removed_is_there_again_in_order() {
    let (_folder, path) = folder();
    let mut outbox = open(&path);
    let first = outbox.load();
    assert_eq!((first.user, first.next_counter), (Some(ME), 1));
    outbox.note_counter(65).expect("a disk");
    say(&mut outbox, 1, "a");
    let gone = say(&mut outbox, 2, "b");
    say(&mut outbox, 3, "c");
    outbox.put(&saved(77, 9, "adopted")).expect("a disk");
    outbox.remove(gone.id);
    drop(outbox);
    let again = open(&path).load();
    assert_eq!(texts(&again), ["a", "c", "adopted"]);
    assert_eq!((again.sender, again.next_counter), (first.sender, 65));
}

#[test]
fn a_file_that_is_cut_at_any_byte_has_no_wrong_command_and_no_counter_twice() {
    let (folder, path) = folder();
    let mut outbox = open(&path);
    let mut put = Vec::new();
    outbox.note_counter(3).expect("a disk");
    put.push(say(&mut outbox, 1, "one"));
    put.push(say(&mut outbox, 2, "two"));
    outbox.remove(put[1].id);
    outbox.note_counter(9).expect("a disk");
    put.push(say(&mut outbox, 3, "three"));
    outbox.remove(put[0].id);
    let bytes = fs::read(&path).expect("the file");
    for cut in 0..=bytes.len() {
        let copy = folder.path().join(format!("cut-{cut}"));
        fs::write(&copy, &bytes[..cut]).expect("a copy");
        let before = Replay::of(&bytes[..cut]).expect("an outbox").commands;
        let mut outbox = open(&copy);
        let kept = outbox.load();
        assert_eq!(kept.commands, before, "cut at {cut}");
        assert!(kept.commands.iter().all(|command| put.contains(command)));
        // Whatever a whole record speaks of may have been sent.
        let used: BTreeSet<MessageId> = (0..=cut)
            .flat_map(|end| Replay::of(&bytes[..end]).expect("an outbox").commands)
            .map(|command| command.id)
            .collect();
        let next = MessageId {
            sender: kept.sender,
            counter: kept.next_counter,
        };
        assert!(used.iter().all(|it| *it < next || it.sender != next.sender));
        // What is added after the cut is read again.
        let added = say(&mut outbox, kept.next_counter, "added");
        drop(outbox);
        let again = open(&copy).load();
        assert_eq!(again.commands.last(), Some(&added), "cut at {cut}");
        assert_eq!(again.commands.len(), before.len() + 1, "cut at {cut}");
        assert!(again.sender != kept.sender || again.next_counter > kept.next_counter);
    }
}

#[test]
fn a_byte_that_changed_ends_the_file_there() {
    let (_folder, path) = folder();
    let mut outbox = open(&path);
    let sender = outbox.sender;
    say(&mut outbox, 1, "one");
    let len = outbox.len as usize;
    say(&mut outbox, 2, "two");
    say(&mut outbox, 3, "three");
    drop(outbox);
    let mut bytes = fs::read(&path).expect("the file");
    bytes[len + 20] ^= 1;
    fs::write(&path, bytes).expect("a disk");
    let mut outbox = open(&path);
    let kept = outbox.load();
    assert_eq!(texts(&kept), ["one"]);
    assert_ne!(kept.sender, sender);
    // Nothing of what stood behind is left to be stumbled over again.
    say(&mut outbox, 1, "four");
    drop(outbox);
    let again = open(&path).load();
    assert_eq!(texts(&again), ["one", "four"]);
    assert_eq!(again.sender, kept.sender);
}

#[test]
fn two_programs_never_share_a_file() {
    let (_folder, path) = folder();
    let first = open(&path);
    let second = FileOutbox::open(&path, ME);
    assert!(matches!(second, Err(FileOutboxError::InUse)));
    drop(first);
    drop(open(&path));
    let other = FileOutbox::open(&path, UserId(4));
    assert!(matches!(other, Err(FileOutboxError::OtherUser(ME))));
}

#[test]
fn another_file_is_left_as_it_is() {
    let (_folder, path) = folder();
    fs::write(&path, "dear diary").expect("a disk");
    let opened = FileOutbox::open(&path, ME);
    assert!(matches!(opened, Err(FileOutboxError::NotAnOutbox)));
    assert_eq!(fs::read(&path).expect("the file"), b"dear diary");
}

#[test]
fn a_file_is_bounded_and_stays_short() {
    let (_folder, path) = folder();
    let mut outbox = open(&path);
    let text = "x".repeat(1_000);
    let kept = say(&mut outbox, 1, "kept");
    for counter in 2..200 {
        outbox.note_counter(counter + 1).expect("a disk");
        let command = say(&mut outbox, counter, &text);
        outbox.remove(command.id);
    }
    let len = fs::metadata(&path).expect("the file").len();
    assert_eq!(len, outbox.len);
    assert!(len < COMPACT_LEN + 2_000, "{len} bytes");
    drop(outbox);
    let mut outbox = open(&path);
    assert_eq!(outbox.load().commands, [kept]);
    assert_eq!(outbox.load().next_counter, 200);

    let big = "x".repeat(60 * 1024);
    let puts = (200..).map(|counter| outbox.put(&saved(1, counter, &big)));
    let fit = puts.take_while(Result::is_ok).count();
    assert_eq!(fit, COMMANDS_LEN_MAX / (60 * 1024 + 6));
    assert_eq!(outbox.put(&saved(1, 600, &big)), Err(StoreError::Full));
}
