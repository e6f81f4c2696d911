//! Numbers as 16 bit words.

use crate::profile::modbus::WordOrder;
use crate::profile::quantity::{Kind, Quantity};

impl Kind {
    /// How many words it takes.
    pub(super) const fn words(self) -> usize {
        match self {
            Self::Boolean | Self::Int16 | Self::Uint16 => 1,
            Self::Int32 | Self::Uint32 | Self::Float => 2,
            Self::Int64 | Self::Uint64 | Self::Double => 4,
        }
    }
}

/// The number in these words; none when a float is not a finite number.
pub(super) fn number(kind: Kind, order: WordOrder, words: &[u16]) -> Option<f64> {
    let join = |bits: u64, word: &u16| bits << 16 | u64::from(*word);
    let bits = match order {
        WordOrder::HighFirst => words.iter().fold(0, join),
        WordOrder::LowFirst => words.iter().rev().fold(0, join),
    };
    let number = match kind {
        Kind::Boolean => f64::from(u8::from(bits != 0)),
        Kind::Int16 => f64::from(bits as u16 as i16),
        Kind::Uint16 => f64::from(bits as u16),
        Kind::Int32 => f64::from(bits as u32 as i32),
        Kind::Uint32 => f64::from(bits as u32),
        Kind::Int64 => bits as i64 as f64,
        Kind::Uint64 => bits as f64,
        Kind::Float => f64::from(f32::from_bits(bits as u32)),
        Kind::Double => f64::from_bits(bits),
    };
    number.is_finite().then_some(number)
}

/// The words of a number that its kind holds.
pub(super) fn words(kind: Kind, order: WordOrder, number: f64) -> Vec<u16> {
    let bits = match kind {
        Kind::Boolean => u64::from(number != 0.0),
        Kind::Int16 | Kind::Int32 | Kind::Int64 => number as i64 as u64,
        Kind::Uint16 | Kind::Uint32 | Kind::Uint64 => number as u64,
        Kind::Float => u64::from((number as f32).to_bits()),
        Kind::Double => number.to_bits(),
    };
    let shifts = (0..kind.words() as u32).map(|n| 16 * n);
    let word = |shift: u32| (bits >> shift) as u16;
    match order {
        WordOrder::HighFirst => shifts.rev().map(word).collect(),
        WordOrder::LowFirst => shifts.map(word).collect(),
    }
}

/// A raw number that single precision does not round across a limit of the controller.
pub(super) fn inside(quantity: &Quantity, raw: f64) -> f64 {
    if quantity.kind != Kind::Float {
        return raw;
    }
    let single = raw as f32;
    let ends = [quantity.low, quantity.high].map(|end| (end - quantity.offset) / quantity.scale);
    let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
    f64::from(if f64::from(single) > high {
        single.next_down()
    } else if f64::from(single) < low {
        single.next_up()
    } else {
        single
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::quantity::Unit;

    #[test]
    fn every_kind_goes_there_and_back_in_both_orders() {
        for (kind, value) in [
            (Kind::Boolean, 1.0),
            (Kind::Int16, -1234.0),
            (Kind::Uint16, 65_000.0),
            (Kind::Int32, -70_000.0),
            (Kind::Uint32, 4e9),
            (Kind::Int64, -5e12),
            (Kind::Uint64, 5e12),
            (Kind::Float, 45.25),
            (Kind::Double, 45.3),
        ] {
            for order in [WordOrder::HighFirst, WordOrder::LowFirst] {
                let there = words(kind, order, value);
                assert_eq!(there.len(), kind.words());
                assert_eq!(number(kind, order, &there), Some(value), "{kind:?}");
            }
        }
        assert_eq!(words(Kind::Float, WordOrder::HighFirst, 1.0), [0x3f80, 0]);
        assert_eq!(words(Kind::Float, WordOrder::LowFirst, 1.0), [0, 0x3f80]);
        assert_eq!(
            number(Kind::Float, WordOrder::HighFirst, &[0x7fc0, 0]),
            None
        );
    }

    #[test]
    fn single_precision_stays_inside_the_limits() {
        let quantity = Quantity {
            kind: Kind::Float,
            unit: Unit::MegaPa,
            scale: 1.0,
            offset: 0.0,
            low: 0.1,
            high: 57.3,
        };
        for end in [0.1, 57.3] {
            let sent = inside(&quantity, end);
            assert!((0.1..=57.3).contains(&sent), "{sent}");
            assert!((sent - end).abs() <= quantity.tolerance() * 1e-6);
        }
    }
}
