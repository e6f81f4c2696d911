//! The firmware in QEMU, for a while, at 1 kHz: sound frames, no gaps, honest books, true codes.

use super::Scene;
use crate::recorder::Recorder;
use crate::{Figure, RigError};
use appliance_acquire::session::Answer;
use firmware_node::scripted::PAUSE;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The converter plays a sawtooth that tells which row it is.
fn sawtooth() -> crate::script::Waveform {
    let mut row = 0_i16;
    Box::new(move || {
        row = (row + 1) % 20_000;
        [row, 100, 20_000 - row, 7 + row % 2]
    })
}

/// Runs it for `seconds`.
///
/// # Errors
/// When the rig fails.
pub fn run(seconds: u64) -> Result<Vec<Figure>, RigError> {
    let mut scene = Scene::set(sawtooth())?;
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut temperatures = 0;
    let mut wrong = Vec::new();
    let mut milli = -20_000_i64;
    while Instant::now() < until {
        milli = if milli > 90_000 {
            -20_000
        } else {
            milli + 3_125
        };
        let expected = milli * 16 / 1000;
        scene
            .board
            .qmp
            .set("/machine/peripheral/temperature", "temperature", milli)?;
        let before = scene
            .reader
            .look(|seen| seen.rows.get(&(0, 1)).map_or(0, Vec::len));
        // The first row after setting may have been read before it.
        let found = scene.reader.wait("a temperature", 10, |seen| {
            let rows = seen.rows.get(&(0, 1))?;
            (rows.len() >= before + 2).then(|| rows[rows.len() - 1].codes[0])
        })?;
        temperatures += 1;
        if i64::from(found) != expected {
            wrong.push(format!("{milli} m°C came as {found}/16"));
        }
    }
    // Let the counters of the last second arrive.
    sleep(Duration::from_millis(1200));
    let counts = scene
        .reader
        .acquisition(|all| all.counts().next().unwrap_or_default());
    let mut figures = scene.reader.look(|seen| {
        let book = seen.books.get(&(0, 0, 0)).copied().unwrap_or_default();
        let instants = book.next - book.first;
        let accounted = book.rows + book.missed == instants && book.unaccounted == 0;
        let counters = seen.answers.iter().rev().find_map(|answer| match answer {
            Answer::Counters(counters) => Some(counters.clone()),
            _ => None,
        });
        // The node's own account against its free-running timer: one instant a millisecond since
        // the first one, whose time any row tells.
        let row = seen.rows.get(&(0, 0)).and_then(|rows| rows.first());
        let epoch = row.map_or(0, |row| row.tick - row.index * 1000);
        let (told, elapsed) = counters.map_or((0, u64::MAX), |c| {
            let fast = c.groups.first().copied().unwrap_or_default();
            let told = fast.sampled + fast.missed_late + fast.missed_full;
            (told, (c.at.0 - epoch) / 1000 + 1)
        });
        let timer_agrees = told.abs_diff(elapsed) <= 1 && elapsed >= seconds * 1000;
        vec![
            Figure {
                claim: "QEMU at 1 kHz: no bad CRC, no sequence gap",
                figure: format!(
                    "{} frames, {} damaged, {} blocks lost, {} repeated, in {seconds} s",
                    counts.frames, counts.damaged, counts.lost_blocks, counts.repeated
                ),
                holds: counts.damaged == 0
                    && counts.lost_blocks == 0
                    && counts.lost_rows == 0
                    && counts.repeated == 0
                    && counts.frames > 40 * seconds,
            },
            Figure {
                claim: "QEMU at 1 kHz: every guest tick accounted for",
                figure: format!(
                    "{instants} instants = {} sent + {} counted missed + {} unaccounted; node's account {told}, its timer {elapsed}",
                    book.rows, book.missed, book.unaccounted
                ),
                holds: accounted && timer_agrees && book.rows > instants / 2,
            },
        ]
    });
    figures.push(Figure {
        claim: "a set temperature arrives exact to the sensor's step",
        figure: format!("{temperatures} set, {} wrong {wrong:?}", wrong.len()),
        holds: wrong.is_empty() && temperatures >= seconds,
    });
    figures.push(lost_interrupts(&scene)?);
    figures.push(field(&mut scene)?);
    figures.push(sawtooth_came_whole(&scene));
    Ok(figures)
}

/// The board's interrupts are held up for 50 ms: the free-running timer tells how many were lost.
fn lost_interrupts(scene: &Scene) -> Result<Figure, RigError> {
    let book = |seen: &mut Recorder| seen.books.get(&(0, 0, 0)).copied().unwrap_or_default();
    let before = scene.reader.look(book);
    scene.script.order(PAUSE);
    let after = scene.reader.wait("missed instants", 10, |seen| {
        let now = book(seen);
        (now.missed > before.missed && now.next > before.next + 300).then_some(now)
    })?;
    let missed = after.missed - before.missed;
    let balanced = after.rows + after.missed == after.next - after.first;
    Ok(Figure {
        claim: "interrupts lost for 50 ms: counted by the free-running timer, nothing filled in",
        figure: format!(
            "{missed} instants missed, {} unaccounted",
            after.unaccounted
        ),
        holds: balanced && after.unaccounted == 0 && (45..200).contains(&missed),
    })
}

/// The magnetometer: what is set on one axis arrives on that axis and no other.
fn field(scene: &mut Scene) -> Result<Figure, RigError> {
    let mut seen = Vec::new();
    for axis in ["mag-x", "mag-y", "mag-z"] {
        for (name, value) in [("mag-x", 0), ("mag-y", 0), ("mag-z", 0), (axis, 50_000)] {
            scene
                .board
                .qmp
                .set("/machine/peripheral/field", name, value)?;
        }
        let before = scene
            .reader
            .look(|seen| seen.rows.get(&(0, 1)).map_or(0, Vec::len));
        seen.push(scene.reader.wait("a field", 10, |seen| {
            let rows = seen.rows.get(&(0, 1))?;
            (rows.len() >= before + 2).then(|| rows[rows.len() - 1].codes[1..4].to_vec())
        })?);
    }
    let diagonal = (0..3).all(|at| {
        seen[at]
            .iter()
            .enumerate()
            .all(|(axis, code)| if axis == at { *code > 100 } else { *code == 0 })
    });
    Ok(Figure {
        claim: "a set magnetic field arrives on its own axis",
        figure: format!("x, y, z in turn: {seen:?}"),
        holds: diagonal,
    })
}

/// The script moved by one row an instant: between neighbours by one, over missed instants by no
/// more than their number.
fn sawtooth_came_whole(scene: &Scene) -> Figure {
    let (rows, breaks) = scene.reader.look(|seen| {
        let rows = seen.rows.get(&(0, 0)).map_or(&[][..], Vec::as_slice);
        let played: Vec<_> = rows
            .iter()
            .filter(|row| row.codes[0] != firmware_wire::NO_READING)
            .collect();
        let breaks = played
            .windows(2)
            .filter(|pair| {
                let moved = (pair[1].codes[0] - pair[0].codes[0]).rem_euclid(20_000);
                let instants = pair[1].index - pair[0].index;
                moved < 1 || u64::from(moved.unsigned_abs()) > instants
            })
            .count();
        (played.len(), breaks)
    });
    Figure {
        claim: "every row of the scripted converter arrives once and in order",
        figure: format!("{rows} rows, {breaks} breaks"),
        holds: rows > 100 && breaks == 0,
    }
}
