//! One claim a file. Each story takes how long it may last and returns figures.

pub mod many_channels;
pub mod oddities;
pub mod sorting;
pub mod steady;
pub mod transfer;

use crate::RigError;
use crate::qemu::Board;
use crate::reader::Reader;
use crate::recorder::Recorder;
use crate::script::{Script, Waveform};
use appliance_acquire::NodeEvent;

/// A board that has said hello to a reader, with its converter playing.
#[derive(Debug)]
pub struct Scene {
    /// The box's side.
    pub reader: Reader,
    /// The converter.
    pub script: Script,
    /// The board.
    pub board: Board,
}

impl Scene {
    /// Sets it up.
    ///
    /// # Errors
    /// When something is not there or the node says nothing.
    pub fn set(waveform: Waveform) -> Result<Self, RigError> {
        let mut board = Board::power_on()?;
        let reader = Reader::start(vec![(board.host_line(), None)], Recorder::keeping())?;
        let script = Script::play(&board.script_line(), waveform)?;
        reader.wait("the port to open", 5, |seen| {
            seen.told(|e| matches!(e, NodeEvent::Opened { .. }))
                .then_some(())
        })?;
        board.go()?;
        reader.wait("the node's hello", 10, |seen| {
            seen.told(|e| matches!(e, NodeEvent::Hello { .. }))
                .then_some(())
        })?;
        reader.wait("codes of the converter", 10, |seen| {
            let rows = seen.rows.get(&(0, 0))?;
            rows.last()?
                .codes
                .iter()
                .all(|code| *code != firmware_wire::NO_READING)
                .then_some(())
        })?;
        Ok(Self {
            reader,
            script,
            board,
        })
    }
}
