//! Figures of one moment, written when somebody asks.

use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, Opts, Registry};

use crate::error::WebError;

/// Figures of one moment.
#[derive(Default)]
pub(super) struct Sheet(Registry);

impl Sheet {
    /// What was written.
    pub(super) fn gather(&self) -> Vec<prometheus::proto::MetricFamily> {
        self.0.gather()
    }

    pub(super) fn gauge(&self, name: &str, help: &str, value: f64) -> Result<(), WebError> {
        let gauge = Gauge::new(name, help)?;
        gauge.set(value);
        Ok(self.0.register(Box::new(gauge))?)
    }

    pub(super) fn counter(&self, name: &str, help: &str, value: u64) -> Result<(), WebError> {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(value);
        Ok(self.0.register(Box::new(counter))?)
    }

    pub(super) fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<GaugeVec, WebError> {
        let gauges = GaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }

    pub(super) fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, WebError> {
        let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(counters.clone()))?;
        Ok(counters)
    }

    /// One gauge a word, 1 for the one that holds.
    pub(super) fn state(
        &self,
        name: &str,
        help: &str,
        label: &str,
        words: &[(&str, bool)],
    ) -> Result<(), WebError> {
        let gauges = self.gauges(name, help, &[label])?;
        for (word, holds) in words {
            gauges
                .with_label_values(&[*word])
                .set(f64::from(u8::from(*holds)));
        }
        Ok(())
    }
}
