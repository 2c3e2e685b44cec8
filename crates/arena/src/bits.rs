//! Numbers in as many bits as they need.

/// Writes bits, the lowest of a number first.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    used: u32,
}

impl BitWriter {
    /// Writes the lowest `count` bits of a number, at most 32.
    pub(crate) fn put(&mut self, value: u32, count: u32) {
        debug_assert!(
            count == 32 || value >> count == 0,
            "{value} in {count} bits"
        );
        for at in 0..count {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> at & 1) as u8) << self.used;
            }
            self.used = (self.used + 1) % 8;
        }
    }

    /// Writes one bit, and returns it.
    pub(crate) fn flag(&mut self, value: bool) -> bool {
        self.put(u32::from(value), 1);
        value
    }

    /// Writes a number with a sign, in two's complement.
    pub(crate) fn signed(&mut self, value: i32, count: u32) {
        self.put(value as u32 & mask(count), count);
    }

    /// Writes a number with a sign in the smallest of four widths that holds it; 2 bits say which.
    pub(crate) fn sized(&mut self, value: i32, widths: [u32; 4]) {
        let fits = |&count: &u32| extend(value as u32 & mask(count), count) == value;
        let class = widths.iter().position(fits).unwrap_or(3);
        self.put(class as u32, 2);
        self.signed(value, widths[class]);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads what a [`BitWriter`] wrote. Behind the end there is nothing.
#[derive(Debug)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits, at most 32.
    pub(crate) fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for bit in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value |= u32::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Some(value)
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        Some(self.take(1)? == 1)
    }

    pub(crate) fn signed(&mut self, count: u32) -> Option<i32> {
        Some(extend(self.take(count)?, count))
    }

    pub(crate) fn sized(&mut self, widths: [u32; 4]) -> Option<i32> {
        let class = self.take(2)? as usize;
        self.signed(widths[class])
    }

    /// Whether all is read, but for bits that fill the last byte and are 0.
    pub(crate) fn ends(mut self) -> bool {
        let left = self.bytes.len() * 8 - self.at;
        left < 8 && self.take(left as u32) == Some(0)
    }
}

const fn mask(count: u32) -> u32 {
    if count == 32 {
        u32::MAX
    } else {
        (1 << count) - 1
    }
}

/// The number with a sign that the lowest `count` bits are.
const fn extend(bits: u32, count: u32) -> i32 {
    if count == 0 {
        return 0;
    }
    let unused = 32 - count;
    (bits << unused) as i32 >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let widths = [0, 4, 9, 15];
        let numbers = [0, 1, -1, 7, -8, 8, 255, -256, 256, 16_383, -16_384];
        let mut writer = BitWriter::default();
        for number in numbers {
            writer.sized(number, widths);
            writer.flag(number > 0);
        }
        writer.put(u32::MAX, 32);
        let bytes = writer.into_bytes();
        let mut reader = BitReader::new(&bytes);
        for number in numbers {
            assert_eq!(reader.sized(widths), Some(number));
            assert_eq!(reader.flag(), Some(number > 0));
        }
        assert_eq!(reader.take(32), Some(u32::MAX));
        assert!(reader.ends());
        assert_eq!(BitReader::new(&[1]).take(9), None);
        assert!(!BitReader::new(&[1]).ends(), "a bit that says something");
        assert!(!BitReader::new(&[0, 0]).ends(), "a byte too many");
    }
}
