//! The sorting line on the real firmware: on for a good part within its time, off for everything else.

use super::Scene;
use crate::{Figure, RigError};
use appliance_acquire::session::Answer;
use firmware_wire::{HostPacket, OutputCause, OutputState, PartVerdict, SetOutput};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The user LEDs; the second one is the good line.
const LEDS: u32 = 0x4002_8000;
const GOOD: u32 = 2;
/// From the order to the wire, ms: a frame on the line and a turn of the node's loop.
const MOST_MS: u128 = 50;
/// From the last sign of life to reject, ms: the stated half second and what the box's last word was old.
const SILENCE_MS: u128 = 700;

fn order(scene: &Scene, shot: u64, verdict: PartVerdict, valid_ticks: u64) {
    let command = SetOutput {
        shot,
        verdict,
        valid_ticks,
    };
    scene.reader.order(0, HostPacket::SetOutput(command));
}

fn told(scene: &Scene, cause: OutputCause) -> Result<OutputState, RigError> {
    scene.reader.wait("a state of the lines", 5, |seen| {
        seen.answers.iter().rev().find_map(|a| match a {
            Answer::Output(state) if state.cause == cause => Some(*state),
            _ => None,
        })
    })
}

/// Time until the good line is as wanted, ms; `None` after two seconds.
fn until(scene: &mut Scene, on: bool) -> Result<Option<u128>, RigError> {
    let from = Instant::now();
    while from.elapsed() < Duration::from_secs(2) {
        if (scene.board.qmp.register(LEDS)? & GOOD != 0) == on {
            return Ok(Some(from.elapsed().as_millis()));
        }
        sleep(Duration::from_millis(1));
    }
    Ok(None)
}

/// Tells the story with `rounds` good parts.
///
/// # Errors
/// When the rig fails.
pub fn run(rounds: u64) -> Result<Vec<Figure>, RigError> {
    let mut scene = Scene::set(Box::new(|| [100, 100, 20_000, 0]))?;
    let boot = until(&mut scene, false)?;
    let (mut worst, mut late_us, mut trouble) = (0, 0, Vec::new());
    for shot in 1..=rounds {
        order(&scene, shot, PartVerdict::Good, 300_000);
        match until(&mut scene, true)? {
            Some(ms) => worst = worst.max(ms),
            None => trouble.push(format!("shot {shot}: never on")),
        }
        let began = told(&scene, OutputCause::Host { shot })?;
        let ended = told(&scene, OutputCause::Expired { shot })?;
        late_us = late_us.max(ended.at.since(began.at).saturating_sub(300_000));
        if until(&mut scene, false)?.is_none() {
            trouble.push(format!("shot {shot}: still on"));
        }
    }
    let good = Figure {
        claim: "good part: the line is on at once, and off when the verdict's time is over; off at boot",
        figure: format!(
            "{rounds} parts, on at most {worst} ms after the order, off at most {late_us} us after 300 ms, boot {boot:?} {trouble:?}"
        ),
        holds: trouble.is_empty() && boot.is_some() && worst <= MOST_MS && late_us <= 20_000,
    };
    Ok(vec![good, others(&mut scene)?, silent(&mut scene)?])
}

/// Everything but good takes the line off while a good verdict stands.
fn others(scene: &mut Scene) -> Result<Figure, RigError> {
    let cases = [
        (PartVerdict::Reject, 1_000_000, "reject"),
        (PartVerdict::Uncertain, 1_000_000, "not trusted"),
        (PartVerdict::Good, 0, "a good without time"),
        (PartVerdict::Good, 61_000_000, "a good for too long"),
    ];
    let mut trouble = Vec::new();
    for (at, (verdict, valid_ticks, what)) in (100..).zip(cases) {
        order(scene, at, PartVerdict::Good, 30_000_000);
        let on = until(scene, true)?;
        order(scene, at + 100, verdict, valid_ticks);
        let off = until(scene, false)?;
        if on.is_none() || off.is_none() {
            trouble.push(format!("{what}: on {on:?}, off {off:?}"));
        }
    }
    Ok(Figure {
        claim: "reject, not trusted, or a command without sense: the good line goes off",
        figure: format!("{} cases {trouble:?}", cases.len()),
        holds: trouble.is_empty(),
    })
}

fn silent(scene: &mut Scene) -> Result<Figure, RigError> {
    order(scene, 300, PartVerdict::Good, 30_000_000);
    let on = until(scene, true)?;
    scene.reader.silence();
    let off = until(scene, false)?;
    scene.reader.resume()?;
    let state = told(scene, OutputCause::HostSilent)?;
    Ok(Figure {
        claim: "box killed while a good part stands: the line falls to reject by itself",
        figure: format!(
            "on {on:?} ms, off {off:?} ms after the box went, {:?}",
            state.verdict
        ),
        holds: on.is_some()
            && off.is_some_and(|ms| ms <= SILENCE_MS)
            && state.verdict == PartVerdict::Reject,
    })
}
