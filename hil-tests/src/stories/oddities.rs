//! What goes wrong on a shop floor: each is named to the operator, and data on either side is kept.

use super::Scene;
use crate::emulated::EmulatedNode;
use crate::pty::Pty;
use crate::reader::Reader;
use crate::recorder::Recorder;
use crate::{Figure, RigError};
use appliance_acquire::NodeEvent;
use appliance_acquire::expected::{ExpectedChannel, ExpectedTable};
use firmware_node::scripted::{PANIC, STALL};
use firmware_wire::{
    Counters, FromNode, MAX_FRAME, NodeId, NodePacket, ResetCause, Unit, WIRE_VERSION,
};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;

/// Tells all of them.
///
/// # Errors
/// When the rig fails.
pub fn run() -> Result<Vec<Figure>, RigError> {
    let mut figures = without_board()?;
    figures.push(reboots()?);
    Ok(figures)
}

/// Those that need no QEMU.
///
/// # Errors
/// When the rig fails.
pub fn without_board() -> Result<Vec<Figure>, RigError> {
    Ok(vec![
        unplugged()?,
        brown_out()?,
        twins()?,
        other_version()?,
        other_table()?,
    ])
}

fn folder() -> Result<TempDir, RigError> {
    TempDir::new().map_err(RigError::io("making a folder"))
}

fn hello(seen: &Recorder) -> bool {
    seen.told(|e| matches!(e, NodeEvent::Hello { .. }))
}

fn rows(seen: &Recorder, source: usize, run: u32) -> u64 {
    seen.books
        .get(&(source, run, 0))
        .map_or(0, |book| book.rows)
}

fn sentence(seen: &Recorder, like: impl Fn(&NodeEvent) -> bool) -> String {
    seen.events
        .iter()
        .find(|(_, event)| like(event))
        .map_or_else(
            || "nothing was said".to_owned(),
            |(_, event)| format!("\"{event}\""),
        )
}

/// QEMU: reset button in mid-shot, panic, stalled firmware.
fn reboots() -> Result<Figure, RigError> {
    let mut level = 0_i16;
    let mut scene = Scene::set(Box::new(move || {
        level = (level + 5) % 20_000;
        [level, 100, 20_000 - level, level % 2]
    }))?;
    let mut told = Vec::new();
    let mut holds = true;
    for (run, what) in ["reset", "panic", "stall"].into_iter().enumerate() {
        sleep(Duration::from_millis(300));
        match what {
            "reset" => scene.board.qmp.reset()?,
            "panic" => scene.script.order(PANIC),
            _ => scene.script.order(STALL),
        }
        let run = run as u32;
        let event = scene.reader.wait("news of a restart", 10, |seen| {
            let mut restarts = seen.events.iter().filter_map(|(_, e)| match e {
                NodeEvent::Rebooted { reset, .. } => Some((*reset, e.to_string())),
                _ => None,
            });
            restarts.nth(run as usize)
        })?;
        let kept = scene.reader.wait("rows after the restart", 10, |seen| {
            let (before, after) = (rows(seen, 0, run), rows(seen, 0, run + 1));
            (after > 100).then_some(before > 100)
        })?;
        let cause = match what {
            "reset" => ResetCause::Unknown,
            "panic" => ResetCause::Panic,
            _ => ResetCause::Watchdog,
        };
        holds &= kept && event.0 == cause;
        told.push(event.1);
    }
    Ok(Figure {
        claim: "node reboot in mid-shot: named, data on either side kept",
        figure: format!("{told:?}"),
        holds,
    })
}

fn brown_out() -> Result<Figure, RigError> {
    let folder = folder()?;
    let name = folder.path().join("node");
    let node = EmulatedNode::start(NodeId(5), Pty::plug(&name)?);
    let reader = Reader::start(vec![(name, None)], Recorder::default())?;
    reader.wait("rows", 10, |seen| (rows(seen, 0, 0) > 400).then_some(()))?;
    node.brown_out();
    reader.wait("rows after the restart", 10, |seen| {
        (rows(seen, 0, 1) > 400).then_some(())
    })?;
    let is_it = |e: &NodeEvent| {
        matches!(
            e,
            NodeEvent::Rebooted {
                reset: ResetCause::BrownOut,
                ..
            }
        )
    };
    let (holds, figure) = reader.look(|seen| {
        let whole = seen.books.values().all(|b| b.unaccounted == 0);
        (seen.told(is_it) && whole, sentence(seen, is_it))
    });
    Ok(Figure {
        claim: "brown-out: named at the next hello, data on either side kept",
        figure,
        holds,
    })
}

fn unplugged() -> Result<Figure, RigError> {
    let folder = folder()?;
    let name = folder.path().join("node");
    let node = EmulatedNode::start(NodeId(1), Pty::plug(&name)?);
    let reader = Reader::start(vec![(name.clone(), None)], Recorder::default())?;
    reader.wait("rows", 10, |seen| (rows(seen, 0, 0) > 400).then_some(()))?;
    node.unplug();
    reader.wait("news of the plug", 5, |seen| {
        seen.told(|e| matches!(e, NodeEvent::Unplugged { .. }))
            .then_some(())
    })?;
    sleep(Duration::from_millis(700));
    let before = reader.look(|seen| rows(seen, 0, 0));
    let back = std::time::Instant::now();
    node.plug(Pty::plug(&name)?);
    let is_it = |e: &NodeEvent| matches!(e, NodeEvent::Returned { .. });
    reader.wait("the port's return", 5, |seen| {
        seen.told(is_it).then_some(())
    })?;
    let took = back.elapsed();
    // More than the node had queued: the blocks that tell of the gap come after those.
    reader.wait("rows after the return", 5, |seen| {
        (rows(seen, 0, 0) > before + 2000).then_some(())
    })?;
    let counts = reader.acquisition(|all| all.counts().next().unwrap_or_default());
    let book = reader.look(|seen| seen.books.get(&(0, 0, 0)).copied().unwrap_or_default());
    // What the node could not send it counted; what was on the wire the box counted. Nothing is left.
    let balanced = book.rows + book.missed + book.unaccounted == book.next - book.first
        && book.unaccounted == counts.lost_rows
        && book.missed + counts.lost_rows > 0;
    let said = reader.look(|seen| sentence(seen, is_it));
    Ok(Figure {
        claim: "unplug and replug: named, reopened within a second, gap counted, data on either side kept",
        figure: format!(
            "reopened {} ms after the plug's return, {} instants missed, {} lost on the wire; {said}",
            took.as_millis(),
            book.missed,
            counts.lost_rows
        ),
        holds: took < Duration::from_secs(1) && balanced,
    })
}

fn twins() -> Result<Figure, RigError> {
    let folder = folder()?;
    let names = [folder.path().join("left"), folder.path().join("right")];
    let mut nodes = Vec::new();
    for name in &names {
        nodes.push(EmulatedNode::start(NodeId(7), Pty::plug(name)?));
    }
    let ports = names.iter().map(|name| (name.clone(), None)).collect();
    let reader = Reader::start(ports, Recorder::default())?;
    reader.wait("rows of both", 10, |seen| {
        (rows(seen, 0, 0) > 400 && rows(seen, 1, 0) > 400).then_some(())
    })?;
    let is_it = |e: &NodeEvent| matches!(e, NodeEvent::DuplicateNode { .. });
    let (told, figure, trusted) = reader.look(|seen| {
        // Blocks that came before the hellos are trusted of neither; count those of the second half.
        let trusted: Vec<u64> = (0..2)
            .map(|source| seen.books.get(&(source, 0, 0)).map_or(0, |b| b.trusted))
            .collect();
        (seen.told(is_it), sentence(seen, is_it), trusted)
    });
    let apart = trusted.iter().filter(|blocks| **blocks > 5).count() == 1;
    Ok(Figure {
        claim: "two nodes with one id: named, both kept, one used",
        figure: format!("{figure}; blocks used {trusted:?}"),
        holds: told && apart,
    })
}

/// A version of the wire that is not there yet.
const LATER: u8 = WIRE_VERSION + 1;

fn other_version() -> Result<Figure, RigError> {
    let folder = folder()?;
    let name = folder.path().join("node");
    let node = EmulatedNode::start(NodeId(2), Pty::plug(&name)?);
    let reader = Reader::start(vec![(name.clone(), None)], Recorder::default())?;
    reader.wait("rows", 10, |seen| {
        (hello(seen) && rows(seen, 0, 0) > 400).then_some(())
    })?;
    // Somebody plugs in a node of a later wire.
    node.unplug();
    sleep(Duration::from_millis(300));
    let mut later = Pty::plug(&name)?;
    let mut frame = [0; MAX_FRAME];
    let packet = NodePacket::Counters(Counters::default());
    let bytes =
        firmware_wire::encode::encode_as::<FromNode>(LATER, &packet, &mut frame).map_err(|_| {
            RigError::Answer {
                answer: "a frame that does not fit".to_owned(),
            }
        })?;
    let is_it = |e: &NodeEvent| matches!(e, NodeEvent::VersionMismatch { theirs: LATER });
    let told = reader.wait("news of the version", 5, |seen| {
        later.send(bytes);
        seen.told(is_it).then_some(())
    });
    let before = reader.look(|seen| rows(seen, 0, 0));
    drop(later);
    sleep(Duration::from_millis(300));
    node.plug(Pty::plug(&name)?);
    let kept = reader.wait("rows of the old node again", 5, |seen| {
        (rows(seen, 0, 0) > before + 200).then_some(())
    });
    Ok(Figure {
        claim: "wire version mismatch: named, data on either side kept",
        figure: reader.look(|seen| sentence(seen, is_it)),
        holds: told.is_ok() && kept.is_ok() && before > 400,
    })
}

fn other_table() -> Result<Figure, RigError> {
    let folder = folder()?;
    let name = folder.path().join("node");
    let _node = EmulatedNode::start(NodeId(3), Pty::plug(&name)?);
    let channel = |at: usize| ExpectedChannel {
        name: if at == 2 {
            "cavity pressure".to_owned()
        } else {
            format!("channel {at}")
        },
        unit: Unit::Volt,
        rate_hz: if at == 3 { 1000.0 } else { 2000.0 },
        code_min: -8_388_608,
        code_max: 8_388_607,
    };
    let expected = ExpectedTable {
        channels: (0..15).map(channel).collect(),
    };
    let reader = Reader::start(vec![(name, Some(expected))], Recorder::default())?;
    let is_it = |e: &NodeEvent| matches!(e, NodeEvent::TableDiffers { differences, .. } if differences.len() == 3);
    reader.wait("rows", 10, |seen| {
        (rows(seen, 0, 0) > 400 && hello(seen)).then_some(())
    })?;
    let (holds, figure) = reader.look(|seen| {
        let book = seen.books.get(&(0, 0, 0)).copied().unwrap_or_default();
        (seen.told(is_it) && book.trusted == 0, sentence(seen, is_it))
    });
    Ok(Figure {
        claim: "channel table differs from the configuration: named, rows kept but not used",
        figure,
        holds,
    })
}
