//! Figures for Prometheus: base units, names that say them, and no label that grows with the shots.
//!
//! What the box knows already stands in its views ([`Health`], [`LiveSnapshot`]), so it is written
//! from them when somebody asks, and nothing on the way of a sample counts for this.

use std::sync::Arc;

use axum::http::StatusCode;
use prometheus::{IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use crate::error::WebError;
use crate::view::{CorrectionNow, Health, LiveSnapshot, MoldView};

mod correction;
mod machine;
mod process;
mod sheet;

/// What the web side counts itself, beside what others registered.
pub(crate) struct WebMetrics {
    others: Registry,
    own: Registry,
    answers: IntCounterVec,
    logins: IntCounterVec,
    streams: IntGauge,
}

/// Held by a stream while it is open.
pub(crate) struct StreamGauge(IntGauge);

impl Drop for StreamGauge {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl WebMetrics {
    /// `others`: what the daemon counts; written along.
    pub(crate) fn new(others: Registry) -> Result<Arc<Self>, WebError> {
        let own = Registry::new();
        let answers = IntCounterVec::new(
            Opts::new("moldsight_http_answers_total", "Answers by class of status"),
            &["class"],
        )?;
        let logins = IntCounterVec::new(
            Opts::new("moldsight_logins_total", "Tries to log in by result"),
            &["result"],
        )?;
        let streams = IntGauge::new("moldsight_live_streams", "Live streams open")?;
        own.register(Box::new(answers.clone()))?;
        own.register(Box::new(logins.clone()))?;
        own.register(Box::new(streams.clone()))?;
        for result in ["ok", "wrong", "locked", "busy"] {
            logins.with_label_values(&[result]);
        }
        Ok(Arc::new(Self {
            others,
            own,
            answers,
            logins,
            streams,
        }))
    }

    /// Counts a login.
    pub(crate) fn login(&self, result: &'static str) {
        self.logins.with_label_values(&[result]).inc();
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, status: StatusCode) {
        let class =
            ["1xx", "2xx", "3xx", "4xx", "5xx"][usize::from(status.as_u16() / 100).clamp(1, 5) - 1];
        self.answers.with_label_values(&[class]).inc();
    }

    /// Counts a stream until the gauge is dropped.
    pub(crate) fn stream(&self) -> StreamGauge {
        self.streams.inc();
        StreamGauge(self.streams.clone())
    }

    /// Everything, in the text format.
    pub(crate) fn text(
        &self,
        mold: &MoldView,
        health: &Health,
        live: &LiveSnapshot,
        correction: &CorrectionNow,
    ) -> Result<String, WebError> {
        let now = sheet::Sheet::default();
        machine::write(&now, health)?;
        process::write(&now, mold, live)?;
        correction::write(&now, correction)?;
        let mut families = now.gather();
        families.extend(self.own.gather());
        families.extend(self.others.gather());
        families.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(TextEncoder::new().encode_to_string(&families)?)
    }
}
