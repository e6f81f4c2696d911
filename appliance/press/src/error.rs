//! Why the press could not be read, or did not take what it was asked to take.

use appliance_pipeline::ports::{Operating, Setpoint};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Everything that can go wrong between the box and a press.
#[derive(Debug, thiserror::Error)]
pub enum PressError {
    /// A profile says something that cannot be meant.
    #[error("{}: {key}: {reason}", path.display())]
    Profile {
        /// The file.
        path: PathBuf,
        /// The key in it, or where the text stops making sense.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{doing} {}", path.display())]
    File {
        /// What was attempted.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file the box itself wrote is damaged.
    #[error("{}: line {line}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// No connection came about.
    #[error("connecting to the press at {address}: {reason}")]
    Connect {
        /// Where.
        address: String,
        /// What stood in the way.
        reason: String,
    },
    /// The connection broke, or an answer did not come in time.
    #[error("the press at {address} was lost while {doing}: {reason}")]
    Lost {
        /// Where.
        address: String,
        /// What was attempted.
        doing: &'static str,
        /// What happened.
        reason: String,
    },
    /// A node or register the profile names cannot be used.
    #[error("the press has no usable `{place}` for {name}: {reason}")]
    Place {
        /// What it stands for in the profile.
        name: String,
        /// Node or register.
        place: String,
        /// What the press says.
        reason: String,
    },
    /// The press answers, and nothing in it moves any more.
    #[error("the press has finished no cycle for {age_s:.1} s (at most {limit_s:.1} s)")]
    Stale {
        /// Since its cycle counter last moved, s.
        age_s: f64,
        /// What is taken for alive, s.
        limit_s: f64,
    },
    /// Nothing was read on this connection yet: the box reads before it writes.
    #[error("nothing has been read from the press since it was reached; read before writing")]
    NotRead,
    /// A setpoint is no longer what was last read: somebody else moved it. Nothing was written.
    #[error("{} was {} {unit} when last read and is {} {unit} now: somebody else moved it", setpoint.name(), Short(*read), Short(*found))]
    Edited {
        /// Which.
        setpoint: Setpoint,
        /// As last read, in `unit`.
        read: f64,
        /// As it is now, in `unit`.
        found: f64,
        /// Unit of both, as in the profile.
        unit: &'static str,
    },
    /// Nothing was written: values were refused, by the port's own rules or by the press.
    #[error("nothing was written: {}", List(refusals))]
    Refused {
        /// Each with its reason.
        refusals: Vec<Refusal>,
    },
    /// Some values were written and read back, others were refused.
    #[error("written: {}; refused: {}", names(written), List(refusals))]
    Partly {
        /// Written and read back, SI.
        written: Vec<(Setpoint, f64)>,
        /// The others, each with its reason.
        refusals: Vec<Refusal>,
    },
    /// The press took a value and shows another.
    #[error("{}: {} {unit} was written, {} {unit} is read back", setpoint.name(), Short(*written), Short(*found))]
    ReadBack {
        /// Which.
        setpoint: Setpoint,
        /// As written, in `unit`.
        written: f64,
        /// As read back, in `unit`; NaN where it cannot be read.
        found: f64,
        /// Unit of both, as in the profile.
        unit: &'static str,
    },
    /// Values were sent and the press was lost before they could be read back: they may or may not be in force.
    #[error("values were sent and could not be read back: {}", names(values))]
    Unconfirmed {
        /// What was sent, SI.
        values: Vec<(Setpoint, f64)>,
        /// What happened.
        #[source]
        source: Box<PressError>,
    },
    /// The press shows a certificate nobody has confirmed.
    #[error(
        "nobody has confirmed the certificate of the press at {address} (SHA-256 {thumbprint}); commission it first"
    )]
    CertificateUnknown {
        /// Where.
        address: String,
        /// Its SHA-256 thumbprint, hexadecimal.
        thumbprint: String,
    },
    /// The press shows another certificate than the confirmed one.
    #[error(
        "the press at {address} shows another certificate (SHA-256 {thumbprint}) than the confirmed one ({pinned}); nothing is sent to it"
    )]
    CertificateChanged {
        /// Where.
        address: String,
        /// Confirmed thumbprint.
        pinned: String,
        /// SHA-256 thumbprint it shows, hexadecimal.
        thumbprint: String,
    },
    /// There is no press.
    #[error("no press is configured: nothing can be written")]
    NoPress,
}

/// One value the press did not get, in the unit of the profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Which setpoint.
    pub setpoint: Setpoint,
    /// What it was asked to be, in `unit`.
    pub value: f64,
    /// Unit, as in the profile.
    pub unit: &'static str,
    /// Why.
    pub why: Why,
}

/// Why a value was refused. The first half are rules of the port, the second half answers of the press.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// Not between the controller's limits in the profile, in the unit of the refusal. Never sent.
    OutsideLimits {
        /// Lowest.
        low: f64,
        /// Highest.
        high: f64,
    },
    /// Not a finite number. Never sent.
    NotANumber,
    /// Named twice in one change. Never sent.
    Twice,
    /// The profile names no place for it, or does not let the box write it. Never sent.
    NotOurs,
    /// The press is not run in a way in which setpoints are written. Never sent.
    Operating(Operating),
    /// The press has not released its setpoints, or does not say. Never sent.
    NotReleased,
    /// The press is frozen, or does not say. Never sent.
    Frozen,
    /// The press: out of its range.
    Range,
    /// The press: wrong type.
    Type,
    /// The press: this user may not write it, or not now.
    Access,
    /// The press: cannot be written at all.
    NotWritable,
    /// The press: in its own words.
    Other(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutsideLimits { low, high } => write!(
                f,
                "outside {} to {} of the profile",
                Short(*low),
                Short(*high)
            ),
            Self::NotANumber => f.write_str("not a number"),
            Self::Twice => f.write_str("named twice"),
            Self::NotOurs => f.write_str("the profile does not let the box write it"),
            Self::Operating(how) => write!(f, "the press is in {how:?}"),
            Self::NotReleased => f.write_str("the press has not released its setpoints"),
            Self::Frozen => f.write_str("the press is frozen"),
            Self::Range => f.write_str("the press says: out of range"),
            Self::Type => f.write_str("the press says: wrong type"),
            Self::Access => f.write_str("the press says: access denied"),
            Self::NotWritable => f.write_str("the press says: not writable"),
            Self::Other(text) => write!(f, "the press says: {text}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} = {} {} ({})",
            self.setpoint.name(),
            Short(self.value),
            self.unit,
            self.why
        )
    }
}

/// A number with at most four decimals.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.4}", self.0);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

struct List<'a>(&'a [Refusal]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, refusal) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{refusal}")?;
        }
        Ok(())
    }
}

fn names(values: &[(Setpoint, f64)]) -> String {
    let names: Vec<&str> = values.iter().map(|(s, _)| s.name()).collect();
    if names.is_empty() {
        "nothing".into()
    } else {
        names.join(", ")
    }
}
