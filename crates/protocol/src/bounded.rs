//! Text and lists whose greatest length is part of their type.
//!
//! A peer's length prefix is checked against the bound before anything is kept, so a wire type
//! that is built from these cannot be made to grow.

use std::fmt;
use std::ops::Deref;

use crate::codec::{Deserialize, Serialize};

/// Text of at most `MAX` bytes of UTF-8.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// The text as a string slice.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Cuts `text` at the last whole character that fits.
    pub fn cut(text: &str) -> Self {
        let mut end = text.len().min(MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self(text[..end].to_owned())
    }
}

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = TooLong;

    fn try_from(text: String) -> Result<Self, TooLong> {
        if text.len() <= MAX {
            Ok(Self(text))
        } else {
            Err(TooLong {
                len: text.len(),
                max: MAX,
            })
        }
    }
}

impl<const MAX: usize> TryFrom<&str> for Text<MAX> {
    type Error = TooLong;

    fn try_from(text: &str) -> Result<Self, TooLong> {
        Self::try_from(text.to_owned())
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A list of at most `MAX` elements. An element of no size does not compile: a few bytes could
/// otherwise claim billions of them.
///
/// ```compile_fail
/// use trunkline_protocol::{Codec, List};
/// let read = Codec::Bincode.decode::<List<(), 4>>(&[0]);
/// ```
///
/// ```
/// use trunkline_protocol::{Codec, List};
/// let read = Codec::Bincode.decode::<List<u8, 4>>(&[0]);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(serialize = "T: Clone + Serialize")
)]
pub struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> List<T, MAX> {
    const ELEMENT_HAS_A_SIZE: () =
        assert!(size_of::<T>() > 0, "an element of a list must have a size");

    /// The elements, in order.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }

    /// Keeps the first `MAX` elements of `all`.
    pub fn cut(all: impl IntoIterator<Item = T>) -> Self {
        let () = Self::ELEMENT_HAS_A_SIZE;
        Self(all.into_iter().take(MAX).collect())
    }
}

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> TryFrom<Vec<T>> for List<T, MAX> {
    type Error = TooLong;

    fn try_from(all: Vec<T>) -> Result<Self, TooLong> {
        let () = Self::ELEMENT_HAS_A_SIZE;
        if all.len() <= MAX {
            Ok(Self(all))
        } else {
            Err(TooLong {
                len: all.len(),
                max: MAX,
            })
        }
    }
}

impl<T, const MAX: usize> From<List<T, MAX>> for Vec<T> {
    fn from(list: List<T, MAX>) -> Self {
        list.0
    }
}

impl<T, const MAX: usize> IntoIterator for List<T, MAX> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T, const MAX: usize> Deref for List<T, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: fmt::Debug, const MAX: usize> fmt::Debug for List<T, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Something was longer than its type allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// How long it was: bytes of a text, elements of a list.
    pub len: usize,
    /// How long it may be.
    pub max: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "length {} is above the limit of {}", self.len, self.max)
    }
}

impl std::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(Text::<4>::cut("가나").as_str(), "가");
        assert_eq!(Text::<4>::cut("abc").as_str(), "abc");
    }

    #[test]
    fn a_length_above_the_bound_is_refused() {
        assert_eq!(Text::<3>::try_from("abcd"), Err(TooLong { len: 4, max: 3 }));
        assert_eq!(
            List::<u8, 2>::try_from(vec![1, 2, 3]),
            Err(TooLong { len: 3, max: 2 })
        );
        assert!(List::<u8, 3>::try_from(vec![1, 2, 3]).is_ok());
    }
}
