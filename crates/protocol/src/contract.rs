//! Contracts: what a message looks like, as a number that both sides can compare.
//!
//! Binary messages do not describe themselves, so a page that is older than its server could read
//! one field as another. Client and server therefore exchange a [`Fingerprint`] when they
//! subscribe, and a mismatch is a clear refusal of that topic alone.

use crate::bounded::{List, Text};
use crate::codec::{Decode, Deserialize, Encode, Serialize};

pub use trunkline_macros::Contract;

/// A type with a known shape. Derive it; the derive covers names, order and shapes.
///
/// A recursive type has no shape and does not compile:
///
/// ```compile_fail
/// #[derive(trunkline_protocol::Contract)]
/// struct Tree {
///     children: trunkline_protocol::List<Tree, 8>,
/// }
/// const SHAPE: trunkline_protocol::Shape = <Tree as trunkline_protocol::Contract>::SHAPE;
/// ```
///
/// ```
/// #[derive(trunkline_protocol::Contract)]
/// struct Leaf {
///     children: trunkline_protocol::List<u8, 8>,
/// }
/// const SHAPE: trunkline_protocol::Shape = <Leaf as trunkline_protocol::Contract>::SHAPE;
/// ```
pub trait Contract {
    /// The shape of this type.
    const SHAPE: Shape;
}

/// The shape of a type, while and after it is computed: 64-bit FNV-1a over its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape(u64);

impl Shape {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;

    /// Starts the shape of a `kind` of type, such as `struct` or `u32`.
    pub const fn new(kind: &str) -> Self {
        Self(Self::OFFSET_BASIS).name(kind)
    }

    /// Adds a name, such as that of a variant.
    pub const fn name(self, name: &str) -> Self {
        let bytes = name.as_bytes();
        let mut hash = self.0;
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(Self::PRIME);
            at += 1;
        }
        // A separator that is in no name keeps "ab" + "c" apart from "a" + "bc".
        Self((hash ^ 0xff).wrapping_mul(Self::PRIME))
    }

    /// Adds a field by its name and shape.
    pub const fn field(self, name: &str, shape: Self) -> Self {
        self.name(name).with(shape)
    }

    /// Adds the shape of a part that has no name.
    pub const fn with(self, part: Self) -> Self {
        let bytes = part.0.to_le_bytes();
        let mut hash = self.0;
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(Self::PRIME);
            at += 1;
        }
        Self(hash)
    }

    /// Closes the shape, so that a type is not the prefix of a longer one.
    pub const fn end(self) -> Self {
        self.name("end")
    }

    /// The number that travels.
    pub const fn fingerprint(self) -> Fingerprint {
        Fingerprint((self.0 ^ (self.0 >> 32)) as u32)
    }
}

/// A contract as it travels: 32 bits, so that every JSON reader holds it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Fingerprint(pub u32);

macro_rules! plain {
    ($($kind:ty),*) => {
        $(impl Contract for $kind {
            const SHAPE: Shape = Shape::new(stringify!($kind)).end();
        })*
    };
}

plain!(
    bool, u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, char, String
);

impl<T: Contract> Contract for Option<T> {
    const SHAPE: Shape = Shape::new("option").with(T::SHAPE).end();
}

// The bounds are left out: raising one changes no byte on the wire.
impl<const MAX: usize> Contract for Text<MAX> {
    const SHAPE: Shape = Shape::new("text").end();
}

impl<T: Contract, const MAX: usize> Contract for List<T, MAX> {
    const SHAPE: Shape = Shape::new("list").with(T::SHAPE).end();
}

#[cfg(test)]
#[expect(dead_code, reason = "the types stand for shapes and are never made")]
mod tests {
    use super::*;

    #[derive(Contract)]
    struct Price {
        bid: u32,
        ask: u32,
    }

    mod swapped {
        #[derive(super::Contract)]
        pub(super) struct Price {
            ask: u32,
            bid: u32,
        }
    }

    #[derive(Contract)]
    enum Side {
        Buy { limit: u32 },
        Sell,
    }

    mod reordered {
        #[derive(super::Contract)]
        pub(super) enum Side {
            Sell,
            Buy { limit: u32 },
        }
    }

    #[test]
    fn swapping_two_fields_changes_the_fingerprint() {
        assert_ne!(
            Price::SHAPE.fingerprint(),
            swapped::Price::SHAPE.fingerprint()
        );
    }

    #[test]
    fn swapping_two_variants_changes_the_fingerprint() {
        assert_ne!(
            Side::SHAPE.fingerprint(),
            reordered::Side::SHAPE.fingerprint()
        );
    }

    #[test]
    fn another_type_of_a_field_changes_the_fingerprint() {
        assert_ne!(Option::<u32>::SHAPE, Option::<u64>::SHAPE);
        assert_ne!(List::<u32, 4>::SHAPE, List::<i32, 4>::SHAPE);
    }

    #[test]
    fn raising_a_bound_keeps_the_fingerprint() {
        assert_eq!(Text::<10>::SHAPE, Text::<20>::SHAPE);
    }
}
