//! Records nothing can take away.
//!
//! The story, in the order of the files:
//! 1. the tick thread gives blocks, estimates and shots to a [`handle`], which never waits;
//! 2. the [`front`] appends them to the [`log`], proven on disk every half second;
//! 3. a restart reads the log: what was torn is cut off, what was finished is completed, what was
//!    going on is kept and marked;
//! 4. the [`archive`] turns a finished shot into two Parquet files and a row of the [`book`];
//! 5. pages ask the [`book`], people write into it, [`export`] makes a folder of it.
//!
//! [`recorder`] runs 2 to 4 on two threads; [`health`] says how it is going; every file goes
//! through [`storage`], so that a test can pull the plug.
#![forbid(unsafe_code)]

pub mod archive;
pub mod book;
pub mod columns;
pub mod error;
pub mod export;
pub mod front;
pub mod handle;
pub mod health;
pub mod log;
pub mod recorder;
pub mod settings;
pub mod storage;
pub mod wall;

pub use archive::SHOT_NOT_RECORDED;
pub use archive::curves::Curve;
pub use book::Book;
pub use book::audit::{AuditCheck, AuditRow};
pub use book::corrections::{CorrectionRow, DecisionKind, Later, NewDecision};
pub use book::curves::ShotCurves;
pub use book::entries::{EntryKind, EntryRow, NewEntry};
pub use book::labels::LabelRow;
pub use book::shots::{EventRow, ShotFilter, ShotRow};
pub use book::trend::{TrendOf, TrendPoint};
pub use error::RecorderError;
pub use export::{ExportFormat, ExportRange, export, export_with};
pub use handle::Handle;
pub use health::{Health, Reason, RecordingState};
pub use log::record::{
    Channel, ChannelTable, EstimateRow, EstimateTable, PhaseTime, Quantity, RawBlock, ShotContext,
    ShotKind, ShotSummary, Uncertain, Verdict,
};
pub use recorder::{Events, Recorder};
pub use settings::Settings;
pub use wall::WallTime;
