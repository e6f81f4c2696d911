//! A small seeded generator: the same seed gives the same model on every machine.

/// SplitMix64 (Steele, Lea and Flood 2014, OOPSLA): passes BigCrush, eight lines.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Starts at `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number below `n` (`n` > 0).
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// Deals `groups` into `folds` parts at random: the part of each row. Rows of one group share it.
pub fn group_folds(groups: &[usize], folds: usize, seed: u64) -> Vec<usize> {
    let count = groups.iter().max().map_or(0, |m| m + 1);
    let mut order: Vec<usize> = (0..count).collect();
    Random::new(seed ^ 0x5EED).shuffle(&mut order);
    let mut fold_of = vec![0; count];
    for (place, &group) in order.iter().enumerate() {
        fold_of[group] = place % folds;
    }
    groups.iter().map(|&g| fold_of[g]).collect()
}
