//! The append-only log in front of everything: segments of records.
//!
//! [`frame`] finds a record, [`record`] says what it holds, [`segment`] names the files,
//! [`writer`] appends and syncs, [`recover`] reads what a restart finds, [`shot`] puts the records
//! of one shot together.

pub mod frame;
pub mod record;
pub mod recover;
pub mod segment;
pub mod shot;
pub mod writer;
