//! The kinds of topics, one file each: their messages and their promises.

pub mod alerts;
pub mod arena;
pub mod chat;
pub mod lab;
pub mod live;
pub mod ticker;

/// Whether a text is a name as rooms and boards have: 1 to `len_max` lowercase letters, digits and
/// dashes, no dash at the ends.
fn is_plain_name(text: &str, len_max: usize) -> bool {
    let is_plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=len_max).contains(&text.len())
        && text.bytes().all(is_plain)
        && !text.starts_with('-')
        && !text.ends_with('-')
}
