//! Progress of long work: a bar with the time left, or, where nobody watches a terminal, a line now and then.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

/// Time between two lines where there is no terminal.
const QUIET: Duration = Duration::from_secs(10);

/// One piece of long work.
pub struct Progress {
    what: String,
    len: u64,
    begun: Instant,
    /// Position where this run began: a continued one does not count what lay there.
    from: Mutex<Option<u64>>,
    /// The bar, or when the last line was written and the last message.
    shown: Result<ProgressBar, Mutex<(Instant, String)>>,
}

impl Progress {
    /// Of `len` things of a kind.
    pub fn new(len: u64, what: &str) -> Result<Self> {
        let shown = if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template(&format!(
                "{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left {{msg}}"
            ))
            .context("progress bar")?;
            Ok(ProgressBar::new(len).with_style(style))
        } else {
            Err(Mutex::new((Instant::now(), String::new())))
        };
        Ok(Self {
            what: what.into(),
            len,
            begun: Instant::now(),
            from: Mutex::new(None),
            shown,
        })
    }

    /// So many are done.
    pub fn set_position(&self, done: u64) {
        let line = match &self.shown {
            Ok(bar) => return bar.set_position(done),
            Err(line) => line,
        };
        let (Ok(mut line), Ok(mut from)) = (line.lock(), self.from.lock()) else {
            return;
        };
        let from = *from.get_or_insert(done);
        if line.0.elapsed() < QUIET && done < self.len {
            return;
        }
        line.0 = Instant::now();
        let left = if done > from {
            let spent = self.begun.elapsed().as_secs_f64();
            let left = spent * self.len.saturating_sub(done) as f64 / (done - from) as f64;
            format!(", {left:.0} s left")
        } else {
            String::new()
        };
        eprintln!("{done}/{} {}{left} {}", self.len, self.what, line.1);
    }

    /// Something to say beside it.
    pub fn set_message(&self, message: String) {
        match &self.shown {
            Ok(bar) => bar.set_message(message),
            Err(line) => {
                if let Ok(mut line) = line.lock() {
                    line.1 = message;
                }
            }
        }
    }

    /// All is done.
    pub fn finish(&self) {
        if let Ok(bar) = &self.shown {
            bar.finish();
        }
    }
}
