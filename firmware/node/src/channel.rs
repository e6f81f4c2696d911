//! The seam between the sampler and a converter, and what the node knows about each channel.

use firmware_wire::ChannelInfo;

/// What a converter says about one channel at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reading {
    /// A raw code.
    Code(i32),
    /// The converter itself reports an open sensor circuit.
    Open,
    /// No reading: bus error, bad check sum, nothing converted yet.
    #[default]
    Missing,
}

/// Channels that are read at the same instant: one converter, on the board or scripted in a test.
pub trait ChannelBank {
    /// Reads every channel once, in table order. Blocks for at most one conversion period. A
    /// channel that gave nothing is left [`Reading::Missing`]; no value is ever held over.
    fn read(&mut self, readings: &mut [Reading]);
}

impl<B: ChannelBank + ?Sized> ChannelBank for &mut B {
    fn read(&mut self, readings: &mut [Reading]) {
        (**self).read(readings);
    }
}

/// Two banks one after the other: the first gives `first` channels, the second the rest.
#[derive(Debug)]
pub struct Chain<A, B> {
    /// The bank with the first channels.
    pub a: A,
    /// How many channels it has.
    pub first: usize,
    /// The bank with the others.
    pub b: B,
}

impl<A: ChannelBank, B: ChannelBank> ChannelBank for Chain<A, B> {
    fn read(&mut self, readings: &mut [Reading]) {
        let (a, b) = readings.split_at_mut(self.first.min(readings.len()));
        self.a.read(a);
        self.b.read(b);
    }
}

/// Codes that mean a broken cable. A 4-20 mA loop reads below 3.6 mA, a bridge runs to a rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OpenBand {
    /// The codes cannot tell.
    #[default]
    None,
    /// Codes at or below this.
    Below(i32),
    /// Codes at or above this.
    Above(i32),
}

impl OpenBand {
    /// Whether a code lies in the band.
    #[must_use]
    pub const fn holds(self, code: i32) -> bool {
        match self {
            Self::None => false,
            Self::Below(level) => code <= level,
            Self::Above(level) => code >= level,
        }
    }
}

/// A channel as the firmware knows it: what it tells the host, and how it judges the codes.
#[derive(Clone, Debug)]
pub struct ChannelSpec<'t> {
    /// What goes into the hello.
    pub info: ChannelInfo<'t>,
    /// Which codes mean an open circuit.
    pub open: OpenBand,
    /// Rows without the smallest change after which the sensor counts as stuck; zero for never.
    pub stuck_rows: u32,
}
