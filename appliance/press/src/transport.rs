//! What a wire must do. It carries values and decides nothing; the rules are in [`crate::rules`].

use crate::error::{PressError, Why};
use crate::port::{Abilities, Cycle};
use appliance_pipeline::ports::{PressSignals, Setpoint};
use std::future::Future;

/// OPC UA, Modbus or the scripted double.
pub trait Transport: Send {
    /// What the profile says the press can do.
    fn abilities(&self) -> Abilities;

    /// Longest time without a finished cycle, as the profile says, s.
    fn stale_after_s(&self) -> f64;

    /// How long a written value may take to show in its read-back, s.
    fn read_back_within_s(&self) -> f64;

    /// Everything the profile names, read afresh, `age_s` = 0; connects where there is no connection. A setpoint without a
    /// good value is NaN, a signal without one is missing.
    ///
    /// # Errors
    /// [`PressError::Connect`], [`PressError::Lost`], certificate and node errors.
    fn read(&mut self) -> impl Future<Output = Result<PressSignals, PressError>> + Send;

    /// Sends all values, SI, on the connection there is; one verdict for each, in the same order.
    ///
    /// # Errors
    /// [`PressError::Lost`] when the answer did not come: then nobody knows what was written.
    fn write(
        &mut self,
        values: &[(Setpoint, f64)],
    ) -> impl Future<Output = Result<Vec<Result<(), Why>>, PressError>> + Send;

    /// Changes the heartbeat on the connection there is; nothing where the profile names none.
    ///
    /// # Errors
    /// [`PressError::Lost`].
    fn beat(&mut self) -> impl Future<Output = Result<(), PressError>> + Send;

    /// The press announces its cycles, so far as is known.
    fn announces(&self) -> bool {
        false
    }

    /// Cycles the press announced since the last call.
    fn announced(&mut self) -> Vec<Cycle> {
        Vec::new()
    }
}
