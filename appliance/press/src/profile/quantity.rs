//! A number in a controller: its type, unit, scale and limits, and what it is in SI.

use serde::Deserialize;

/// Type of a value in the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Truth value.
    Boolean,
    /// 16 bit, signed.
    Int16,
    /// 16 bit.
    Uint16,
    /// 32 bit, signed.
    Int32,
    /// 32 bit.
    Uint32,
    /// 64 bit, signed.
    Int64,
    /// 64 bit.
    Uint64,
    /// 32 bit floating point.
    Float,
    /// 64 bit floating point.
    Double,
}

impl Kind {
    /// Whole numbers only.
    pub const fn whole(self) -> bool {
        !matches!(self, Self::Float | Self::Double)
    }

    /// Lowest and highest number it holds.
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::Boolean => (0.0, 1.0),
            Self::Int16 => (i16::MIN as f64, i16::MAX as f64),
            Self::Uint16 => (0.0, u16::MAX as f64),
            Self::Int32 => (i32::MIN as f64, i32::MAX as f64),
            Self::Uint32 => (0.0, u32::MAX as f64),
            // Whole numbers a double holds exactly.
            Self::Int64 => (-9_007_199_254_740_992.0, 9_007_199_254_740_992.0),
            Self::Uint64 => (0.0, 9_007_199_254_740_992.0),
            Self::Float => (f32::MIN as f64, f32::MAX as f64),
            Self::Double => (f64::MIN, f64::MAX),
        }
    }
}

/// Unit of a setpoint in the controller. Pressures are absolute: where a controller counts from the ambient, add `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Unit {
    /// Pascal.
    Pa,
    /// Kilopascal.
    #[serde(rename = "kPa")]
    KiloPa,
    /// Megapascal.
    #[serde(rename = "MPa")]
    MegaPa,
    /// Bar.
    #[serde(rename = "bar")]
    Bar,
    /// Second.
    #[serde(rename = "s")]
    Second,
    /// Millisecond.
    #[serde(rename = "ms")]
    Millisecond,
    /// Cubic metre.
    #[serde(rename = "m3")]
    CubicMetre,
    /// Cubic centimetre.
    #[serde(rename = "cm3")]
    CubicCentimetre,
    /// Cubic metre a second.
    #[serde(rename = "m3/s")]
    CubicMetrePerSecond,
    /// Cubic centimetre a second.
    #[serde(rename = "cm3/s")]
    CubicCentimetrePerSecond,
    /// Kelvin.
    K,
    /// Degree Celsius.
    #[serde(rename = "degree C")]
    DegreeC,
    /// Degree Fahrenheit.
    #[serde(rename = "degree F")]
    DegreeF,
}

impl Unit {
    /// As written in a profile, the SI unit of the same quantity, and SI = `factor` value + `zero`.
    const fn row(self) -> (&'static str, &'static str, f64, f64) {
        match self {
            Self::Pa => ("Pa", "Pa", 1.0, 0.0),
            Self::KiloPa => ("kPa", "Pa", 1e3, 0.0),
            Self::MegaPa => ("MPa", "Pa", 1e6, 0.0),
            Self::Bar => ("bar", "Pa", 1e5, 0.0),
            Self::Second => ("s", "s", 1.0, 0.0),
            Self::Millisecond => ("ms", "s", 1e-3, 0.0),
            Self::CubicMetre => ("m3", "m3", 1.0, 0.0),
            Self::CubicCentimetre => ("cm3", "m3", 1e-6, 0.0),
            Self::CubicMetrePerSecond => ("m3/s", "m3/s", 1.0, 0.0),
            Self::CubicCentimetrePerSecond => ("cm3/s", "m3/s", 1e-6, 0.0),
            Self::K => ("K", "K", 1.0, 0.0),
            Self::DegreeC => ("degree C", "K", 1.0, 273.15),
            Self::DegreeF => ("degree F", "K", 5.0 / 9.0, 459.67 * 5.0 / 9.0),
        }
    }

    /// As written in a profile.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// SI unit of the same quantity.
    pub const fn si(self) -> &'static str {
        self.row().1
    }

    /// SI = `factor` value + `zero`.
    pub const fn factor_zero(self) -> (f64, f64) {
        (self.row().2, self.row().3)
    }
}

/// How a raw number stands for a quantity: value in `unit` = `scale` raw + `offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// Type in the controller.
    pub kind: Kind,
    /// Unit of the value.
    pub unit: Unit,
    /// Value per raw count, not zero.
    pub scale: f64,
    /// Value of a raw zero, in `unit`.
    pub offset: f64,
    /// Lowest value of the controller, in `unit`.
    pub low: f64,
    /// Highest, in `unit`.
    pub high: f64,
}

impl Quantity {
    /// SI of a raw number.
    pub fn si(&self, raw: f64) -> f64 {
        let (factor, zero) = self.unit.factor_zero();
        factor * (self.scale * raw + self.offset) + zero
    }

    /// Raw number of an SI value that lies within the limits: rounded as its type asks, never across a limit.
    pub fn raw(&self, si: f64) -> f64 {
        let (factor, zero) = self.unit.factor_zero();
        let raw = |value: f64| (value - self.offset) / self.scale;
        let (a, b) = (raw(self.low), raw(self.high));
        let (low, high) = (a.min(b), a.max(b));
        let exact = raw((si - zero) / factor).clamp(low, high);
        if !self.kind.whole() {
            return exact;
        }
        let near = exact.round();
        if near < low {
            near + 1.0
        } else if near > high {
            near - 1.0
        } else {
            near
        }
    }

    /// Largest difference between a value and its read-back that still is the same value, SI: one count of a whole number,
    /// and the rounding of a `float` for both floating types, because controllers keep their setpoints in either.
    pub fn tolerance(&self) -> f64 {
        let (factor, _) = self.unit.factor_zero();
        let size = self.low.abs().max(self.high.abs());
        let rounding = 4.0 * f64::from(f32::EPSILON) * if size.is_finite() { size } else { 0.0 };
        let count = if self.kind.whole() {
            1.001 * self.scale.abs()
        } else {
            0.0
        };
        factor * (count + rounding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD: Quantity = Quantity {
        kind: Kind::Uint16,
        unit: Unit::Bar,
        scale: 0.1,
        offset: 0.0,
        low: 100.04,
        high: 1200.0,
    };

    #[test]
    fn a_whole_number_is_never_rounded_across_a_limit() {
        assert_eq!(HOLD.raw(HOLD.unit.factor_zero().0 * 100.04), 1001.0);
        assert_eq!(HOLD.raw(1200.0e5), 12000.0);
        assert_eq!(HOLD.raw(450.03e5), 4500.0);
        assert!((HOLD.si(4500.0) - 450.03e5).abs() <= HOLD.tolerance());
    }

    #[test]
    fn every_unit_goes_to_si_and_back() {
        for (unit, value, si) in [
            (Unit::MegaPa, 40.0, 40.0e6),
            (Unit::DegreeC, 230.0, 503.15),
            (Unit::DegreeF, 446.0, 503.15),
            (Unit::CubicCentimetre, 13.5, 13.5e-6),
            (Unit::Millisecond, 4000.0, 4.0),
        ] {
            let q = Quantity {
                kind: Kind::Double,
                unit,
                scale: 1.0,
                offset: 0.0,
                low: 0.0,
                high: 1e9,
            };
            assert!((q.si(value) - si).abs() < 1e-9 * si, "{unit:?}");
            assert!((q.raw(si) - value).abs() < 1e-9 * value, "{unit:?}");
        }
    }
}
