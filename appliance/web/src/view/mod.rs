//! What the dashboard and every other reader of the API sees. SI units throughout (Pa, K, s, m, kg); the reader converts.
//!
//! An estimate never stands without its standard deviation, and a value without its age.

mod access;
mod audit;
mod correction;
mod health;
mod live;
mod log;
mod mold;
mod press;
mod setup;
mod shot;
mod target;
mod trend;
mod what_if;
mod whitebox;

pub use access::{Role, SessionView, TokenMade, TokenView, UserMade, UserView};
pub use audit::{AuditEntry, AuditPage};
pub use correction::{
    CorrectionCounts, CorrectionNow, Decision, DecisionKind, DecisionPage, DecisionState, Effect,
    GUARD_STATES, GuardLine, PersonsAnswer, RuleLine, SetpointChange, SetpointLine,
};
pub use health::{
    ChannelHealth, ClockHealth, DiskHealth, Health, NodeHealth, PressHealth, Problem, Severity,
    TickHealth, Versions,
};
pub use live::{
    Advice, Course, Forecast, Indicator, LiveSnapshot, Mode, Phase, PressRead, QualityLine,
    Reading, Source, Taught, TransferNow, Trust, TrustState, Verdict, VerdictReason,
};
pub use log::{LogEntry, LogKind, LogPage};
pub use mold::{MoldView, NodeView, SensorKind, SensorView};
pub use press::{PressLink, PressRefusal, PressSetup, PressWrite};
pub use setup::{CycleSetup, Limit, ReleaseLine, SensorSetup, Setup, SetupChange};
pub use shot::{Curve, PressShot, ShotAction, ShotDetail, ShotEvent, ShotKind, ShotPage, ShotRow};
pub use target::{Aim, OfReference, Target, Targets, TargetsChange};
pub use trend::Trend;
pub use what_if::{Risk, WhatIf, WhatIfCurve};
pub use whitebox::{InnovationLine, LatentLine, LatentPoint, WhiteBox};
