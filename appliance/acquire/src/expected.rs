//! The channel table the configuration asks for, and how a node's differs from it.

use firmware_wire::{Hello, Unit};
use serde::Deserialize;
use std::fmt;

/// One channel as configured.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedChannel {
    /// Name.
    pub name: String,
    /// Unit of the nominal range.
    pub unit: Unit,
    /// Samples a second.
    pub rate_hz: f64,
    /// Lowest valid code.
    pub code_min: i32,
    /// Highest valid code.
    pub code_max: i32,
}

/// The table of one node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedTable {
    /// In the order of the node's table.
    #[serde(rename = "channel")]
    pub channels: Vec<ExpectedChannel>,
}

/// One difference between the configuration and the node.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// The node does not have it.
    Missing {
        /// Configured name.
        name: String,
    },
    /// The configuration does not have it.
    Unexpected {
        /// The node's name for it.
        name: String,
    },
    /// Something about a channel is different.
    Changed {
        /// Position in the table.
        index: usize,
        /// What: name, unit, rate or range.
        what: &'static str,
        /// As configured.
        expected: String,
        /// As the node has it.
        found: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name } => write!(f, "channel `{name}` is missing"),
            Self::Unexpected { name } => write!(f, "channel `{name}` is not configured"),
            Self::Changed {
                index,
                what,
                expected,
                found,
            } => write!(
                f,
                "channel {index} has {what} {found} instead of {expected}"
            ),
        }
    }
}

impl ExpectedTable {
    /// The table a hello describes.
    #[must_use]
    pub fn of(hello: &Hello<'_>) -> Self {
        let rate = |group: u8| {
            let period = hello.groups[usize::from(group)].period_ticks;
            f64::from(hello.tick_hz) / f64::from(period)
        };
        let channels = hello
            .channels
            .iter()
            .map(|channel| ExpectedChannel {
                name: channel.name.to_owned(),
                unit: channel.unit,
                rate_hz: rate(channel.group),
                code_min: channel.code_min,
                code_max: channel.code_max,
            })
            .collect();
        Self { channels }
    }

    /// Every difference to what the node has.
    #[must_use]
    pub fn compare(&self, found: &Self) -> Vec<Difference> {
        let mut all = Vec::new();
        for (index, (want, have)) in self.channels.iter().zip(&found.channels).enumerate() {
            let mut note = |what, same: bool, expected: String, found: String| {
                if !same {
                    all.push(Difference::Changed {
                        index,
                        what,
                        expected,
                        found,
                    });
                }
            };
            let quoted = |name: &str| format!("`{name}`");
            note(
                "name",
                want.name == have.name,
                quoted(&want.name),
                quoted(&have.name),
            );
            let unit = |unit: Unit| format!("{unit:?}");
            note(
                "unit",
                want.unit == have.unit,
                unit(want.unit),
                unit(have.unit),
            );
            let rate = |hz: f64| format!("{hz} Hz");
            let same_rate = (want.rate_hz - have.rate_hz).abs() <= 1e-6 * want.rate_hz;
            note("rate", same_rate, rate(want.rate_hz), rate(have.rate_hz));
            let range = |c: &ExpectedChannel| (c.code_min, c.code_max);
            let text = |c: &ExpectedChannel| format!("{} to {}", c.code_min, c.code_max);
            note("range", range(want) == range(have), text(want), text(have));
        }
        let both = self.channels.len().min(found.channels.len());
        all.extend(self.channels[both..].iter().map(|c| Difference::Missing {
            name: c.name.clone(),
        }));
        all.extend(
            found.channels[both..]
                .iter()
                .map(|c| Difference::Unexpected {
                    name: c.name.clone(),
                }),
        );
        all
    }
}
