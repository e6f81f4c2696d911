//! A press behind Modbus TCP or RTU.
//!
//! Registers that lie side by side are read in one request; every value is written in a request of its own, so that the press can
//! refuse one and take another. A lost connection is given up as a whole, because a late answer must not be taken for the next one.

mod line;
mod reading;
mod words;

use crate::error::{PressError, Why};
use crate::port::Abilities;
use crate::profile::modbus::{ModbusLink, Register, Table, WriteFunction};
use crate::profile::quantity::Kind;
use crate::profile::{Map, Profile};
use crate::transport::Transport;
use appliance_pipeline::ports::{PressSignals, Setpoint};
use reading::{Block, Values};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_modbus::ExceptionCode;
use tokio_modbus::client::{Context, Reader, Writer};

/// First pause between two attempts to connect; doubled each time.
const PAUSE: Duration = Duration::from_millis(250);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The wire to one Modbus device.
pub struct Modbus {
    link: ModbusLink,
    map: Map<Register>,
    abilities: Abilities,
    stale_after_s: f64,
    read_back_within_s: f64,
    blocks: Vec<Block>,
    context: Option<Context>,
    pause: Duration,
    next_attempt: Option<(Instant, String)>,
    beats: u64,
}

impl std::fmt::Debug for Modbus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Modbus")
            .field("address", &line::address(&self.link))
            .field("connected", &self.context.is_some())
            .finish_non_exhaustive()
    }
}

impl Modbus {
    /// A wire that connects at the first reading.
    ///
    /// # Errors
    /// When a number does not fit its table, or function 6 is to write one of several words.
    pub(crate) fn new(
        profile: &Profile,
        link: &ModbusLink,
        map: &Map<Register>,
    ) -> Result<Self, PressError> {
        possible(link, map)?;
        Ok(Self {
            link: link.clone(),
            blocks: reading::blocks(map),
            map: map.clone(),
            abilities: profile.abilities(),
            stale_after_s: profile.stale_after_s,
            read_back_within_s: profile.read_back_within_s,
            context: None,
            pause: PAUSE,
            next_attempt: None,
            beats: 0,
        })
    }

    async fn connect(&mut self) -> Result<(), PressError> {
        let refused = |reason: String| PressError::Connect {
            address: line::address(&self.link),
            reason,
        };
        if let Some((when, reason)) = &self.next_attempt
            && Instant::now() < *when
        {
            return Err(refused(reason.clone()));
        }
        let opened = timeout(self.patience(), line::open(&self.link)).await;
        match opened.unwrap_or_else(|_| Err("no answer in time".into())) {
            Ok(context) => {
                self.context = Some(context);
                self.pause = PAUSE;
                self.next_attempt = None;
                Ok(())
            }
            Err(reason) => {
                let error = refused(reason.clone());
                self.next_attempt = Some((Instant::now() + self.pause, reason));
                self.pause = LONGEST_PAUSE.min(self.pause * 2);
                Err(error)
            }
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs_f64(self.link.timeout_s)
    }

    /// Gives the connection up.
    fn lost(&mut self, doing: &'static str, reason: impl ToString) -> PressError {
        self.context = None;
        PressError::Lost {
            address: line::address(&self.link),
            doing,
            reason: reason.to_string(),
        }
    }

    /// The words of one block, or what the device says instead.
    async fn words(
        &mut self,
        block: &Block,
    ) -> Result<Result<Vec<u16>, ExceptionCode>, PressError> {
        let patience = self.patience();
        let Some(context) = &mut self.context else {
            return Err(self.lost("reading", "not connected"));
        };
        let (at, count) = (block.at, block.count);
        let words = |bits: Vec<bool>| bits.into_iter().map(u16::from).collect();
        let answer = timeout(patience, async {
            match block.table {
                Table::Coil => context
                    .read_coils(at, count)
                    .await
                    .map(|bits| bits.map(words)),
                Table::Discrete => {
                    let bits = context.read_discrete_inputs(at, count).await;
                    bits.map(|bits| bits.map(words))
                }
                Table::Holding => context.read_holding_registers(at, count).await,
                Table::Input => context.read_input_registers(at, count).await,
            }
        })
        .await;
        match answer {
            Ok(Ok(words)) => Ok(words),
            Ok(Err(e)) => Err(self.lost("reading", e)),
            Err(_) => Err(self.lost("reading", "no answer in time")),
        }
    }

    /// Everything the profile names.
    async fn values(&mut self) -> Result<Values, PressError> {
        let mut values = Values::default();
        for block in self.blocks.clone() {
            match self.words(&block).await? {
                Ok(words) => values.take(&block, &words),
                // Not there: the profile is of another controller, and that must be said.
                Err(e @ (ExceptionCode::IllegalDataAddress | ExceptionCode::IllegalFunction)) => {
                    return Err(PressError::Place {
                        name: block.name.clone(),
                        place: block.to_string(),
                        reason: format!("{e:?}"),
                    });
                }
                // There, and without a value now.
                Err(_) => {}
            }
        }
        Ok(values)
    }

    /// Writes one raw number.
    async fn send(
        &mut self,
        doing: &'static str,
        at: Register,
        words: Vec<u16>,
    ) -> Result<Result<(), Why>, PressError> {
        let patience = self.patience();
        let one = self.link.write == WriteFunction::Single;
        let Some(context) = &mut self.context else {
            return Err(self.lost(doing, "not connected"));
        };
        let answer = timeout(patience, async {
            match (at.table, words.as_slice()) {
                (Table::Coil, [word]) => context.write_single_coil(at.address, *word != 0).await,
                (Table::Holding, [word]) if one => {
                    context.write_single_register(at.address, *word).await
                }
                _ => context.write_multiple_registers(at.address, &words).await,
            }
        })
        .await;
        match answer {
            Ok(Ok(Ok(()))) => Ok(Ok(())),
            Ok(Ok(Err(exception))) => Ok(Err(why(exception))),
            Ok(Err(e)) => Err(self.lost(doing, e)),
            Err(_) => Err(self.lost(doing, "no answer in time")),
        }
    }
}

/// What Modbus itself cannot do.
fn possible(link: &ModbusLink, map: &Map<Register>) -> Result<(), PressError> {
    let cannot = |name: &str, at: Register, reason: &str| PressError::Place {
        name: name.into(),
        place: reading::place(at),
        reason: reason.into(),
    };
    for (name, at, kind) in reading::named(map) {
        if matches!(at.table, Table::Coil | Table::Discrete) && kind != Kind::Boolean {
            return Err(cannot(&name, at, "a coil or discrete input is a boolean"));
        }
    }
    let setpoints = map.setpoints.iter().flatten();
    let ours = setpoints.filter(|entry| entry.writer == crate::profile::Writer::Box);
    let written = ours
        .map(|entry| (entry.at, entry.quantity.kind))
        .chain(map.heartbeat.iter().map(|entry| (entry.at, entry.kind)));
    for (at, kind) in written {
        if link.write == WriteFunction::Single && kind.words() > 1 {
            return Err(cannot("a written value", at, "function 6 writes one word"));
        }
    }
    Ok(())
}

/// What an exception says about a write. Exception 1 is also what a device in the wrong state answers.
fn why(exception: ExceptionCode) -> Why {
    match exception {
        ExceptionCode::IllegalFunction => Why::Access,
        ExceptionCode::IllegalDataAddress => Why::NotWritable,
        ExceptionCode::IllegalDataValue => Why::Range,
        other => Why::Other(format!("{other:?}")),
    }
}

impl Transport for Modbus {
    fn abilities(&self) -> Abilities {
        self.abilities.clone()
    }

    fn stale_after_s(&self) -> f64 {
        self.stale_after_s
    }

    fn read_back_within_s(&self) -> f64 {
        self.read_back_within_s
    }

    async fn read(&mut self) -> Result<PressSignals, PressError> {
        if self.context.is_none() {
            self.connect().await?;
        }
        let values = self.values().await?;
        let order = self.link.word_order;
        let number = |at: Register, kind: Option<Kind>| {
            let words = values.words(at, kind?.words())?;
            words::number(kind?, order, &words)
        };
        let count = |at, kind| number(at, kind).map(|n| n as u64);
        let mut signals = PressSignals::default();
        for setpoint in Setpoint::ALL {
            if let Some(entry) = &self.map.setpoints[setpoint as usize] {
                let at = entry.read_back.unwrap_or(entry.at);
                let raw = number(at, Some(entry.quantity.kind));
                signals.setpoints[setpoint] = raw.map_or(f64::NAN, |raw| entry.quantity.si(raw));
            }
        }
        if let Some(entry) = &self.map.operating {
            let said = number(entry.at, entry.kind).map(|raw| entry.means(&raw.to_string()));
            signals.operating = said.unwrap_or_default();
        }
        let flag = |entry: &crate::profile::FlagEntry<Register>| {
            number(entry.at, entry.kind).map(|raw| raw != 0.0)
        };
        signals.released = self.map.released.as_ref().and_then(flag);
        signals.frozen = self.map.frozen.as_ref().and_then(flag);
        let counter = self.map.cycle_counter.as_ref();
        signals.cycle = counter.and_then(|entry| count(entry.at, entry.kind));
        for (name, entry) in &self.map.cycle_data {
            if let Some(raw) = number(entry.at, entry.kind) {
                let value = entry.scale * raw + entry.offset;
                signals.cycle_data.push((name.clone(), value));
            }
        }
        // Counted on from whatever is there, so that the first beat is a change.
        let there = self.map.heartbeat.as_ref();
        let there = there.and_then(|entry| count(entry.at, Some(entry.kind)));
        if self.beats == 0 {
            self.beats = there.unwrap_or(0);
        }
        Ok(signals)
    }

    async fn write(
        &mut self,
        values: &[(Setpoint, f64)],
    ) -> Result<Vec<Result<(), Why>>, PressError> {
        let mut verdicts = Vec::with_capacity(values.len());
        for &(setpoint, si) in values {
            let Some(entry) = &self.map.setpoints[setpoint as usize] else {
                verdicts.push(Err(Why::NotOurs));
                continue;
            };
            let (at, quantity) = (entry.at, entry.quantity);
            let raw = words::inside(&quantity, quantity.raw(si));
            let words = words::words(quantity.kind, self.link.word_order, raw);
            verdicts.push(self.send("writing", at, words).await?);
        }
        Ok(verdicts)
    }

    async fn beat(&mut self) -> Result<(), PressError> {
        let Some(entry) = self.map.heartbeat.clone() else {
            return Ok(());
        };
        let (_, most) = entry.kind.range();
        self.beats = if (self.beats as f64) < most {
            self.beats + 1
        } else {
            1
        };
        let words = words::words(entry.kind, self.link.word_order, self.beats as f64);
        self.send("beating", entry.at, words)
            .await?
            .map_err(|why| PressError::Place {
                name: "heartbeat".into(),
                place: reading::place(entry.at),
                reason: why.to_string(),
            })
    }
}
