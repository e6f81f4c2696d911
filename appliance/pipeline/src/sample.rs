//! One instant of calibrated measurements.

/// Sensors a mold may have in a snapshot.
pub const MOST_SENSORS: usize = 16;

/// Everything measured at one instant, in SI units. What is missing is NaN or `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Time on the box's clock, s; rises from sample to sample.
    pub time_s: f64,
    /// Sensors of the mold in the order of its file, Pa or K; NaN where nothing is measured.
    pub sensors: [f64; MOST_SENSORS],
    /// Melt volume in front of the screw, m3.
    pub screw_m3: f64,
    /// Mold surface temperature, K.
    pub surface_k: f64,
    /// The press says that the screw injects or holds.
    pub injecting: Option<bool>,
    /// The press says that it has transferred to hold.
    pub transferred: Option<bool>,
}

impl Sample {
    /// Nothing measured.
    pub const fn at(time_s: f64) -> Self {
        Self {
            time_s,
            sensors: [f64::NAN; MOST_SENSORS],
            screw_m3: f64::NAN,
            surface_k: f64::NAN,
            injecting: None,
            transferred: None,
        }
    }
}
