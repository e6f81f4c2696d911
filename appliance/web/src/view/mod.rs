//! What the dashboard and every other reader of the API sees. SI units throughout (Pa, K, s, m, kg); the reader converts.
//!
//! An estimate never stands without its standard deviation, and a value without its age.

mod health;
mod live;
mod mold;
mod shot;
mod whitebox;

pub use health::{ChannelHealth, ClockHealth, DiskHealth, Health, NodeHealth, PressHealth, Problem, Severity, TickHealth, Versions};
pub use live::{
    Advice, Forecast, Indicator, LiveSnapshot, Mode, Phase, PressRead, QualityLine, Reading, Source, Trust, TrustState, Verdict,
};
pub use mold::{MoldView, NodeView, SensorKind, SensorView};
pub use shot::{Curve, ShotDetail, ShotKind, ShotPage, ShotRow};
pub use whitebox::{InnovationLine, LatentLine, LatentPoint, WhiteBox};
