//! Random: the one source of chance in a market.

/// A stream of numbers from a seed (SplitMix64, Steele et al. 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of a seed. Near seeds give streams that have nothing in common.
    pub(crate) fn new(seed: u64) -> Self {
        Self(
            seed.wrapping_mul(0xd134_2543_de82_ef95)
                .wrapping_add(0x2545_f491_4f6c_dd1d),
        )
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `bound` − 1; 0 if there is none. A multiplication in place of a division:
    /// this is called for every order.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let high = self.bits() >> 32;
        ((high * u64::from(bound)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// A number around 0 as if measured, in thousandths of its standard deviation: the sum of four
    /// even ones, so never beyond 3,464.
    pub(crate) fn normal(&mut self) -> i64 {
        const MEAN: i64 = 4 * 0xffff / 2;
        // The standard deviation of that sum: 65,536 times the root of 4/12.
        const DEVIATION: i64 = 37_837;
        let bits = self.bits();
        let sum: i64 = (0..4)
            .map(|part| ((bits >> (16 * part)) & 0xffff) as i64)
            .sum();
        (sum - MEAN) * 1000 / DEVIATION
    }

    /// How many whole lots an order is about: mostly few, and rarely very many.
    pub(crate) fn size(&mut self) -> u32 {
        let doublings = self.bits().trailing_ones().min(9);
        self.between(1, 10) << doublings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_as_even_and_as_wide_as_it_says() {
        let mut random = Random::new(1);
        let (count, mut sum, mut squares, mut largest) = (100_000, 0, 0, 0);
        for _ in 0..count {
            let it = random.normal();
            sum += it;
            squares += it * it;
            largest = it.abs().max(largest);
        }
        assert!((sum / count).abs() < 10, "{sum}");
        assert!((990_000..1_010_000).contains(&(squares / count)));
        assert!((3_000..=3_464).contains(&largest), "{largest}");
        let mut counts = [0; 5];
        for _ in 0..10_000 {
            counts[random.below(5) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (1_850..2_150).contains(count)));
        assert_eq!((random.below(0), random.between(7, 7)), (0, 7));
    }
}
