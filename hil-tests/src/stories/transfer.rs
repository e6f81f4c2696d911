//! The transfer plan on the real firmware: fires in time, not for a silent host, not out of window.

use super::Scene;
use crate::{Figure, RigError};
use appliance_acquire::session::Answer;
use firmware_wire::{
    Crossing, Fallback, FireCause, HostPacket, NodeTicks, OutputCause, PartVerdict, PlanVerdict,
    Refusal, SetOutput, TransferLaw, TransferOutcome, TransferPlan, TransferReport, Window,
};
use std::thread::sleep;
use std::time::Duration;

const PERIOD_TICKS: u64 = 1000;
/// The user LEDs; the first one is the transfer wire.
const LEDS: u32 = 0x4002_8000;
const LEVEL: i32 = 5000;
const POSITION_START: i16 = 20_000;

fn resting() -> crate::script::Waveform {
    Box::new(|| [100, 100, POSITION_START, 0])
}

/// Pressure rises by `rise` a row while the screw moves forward by 13.
fn injecting(rise: i16) -> crate::script::Waveform {
    let mut row = 0_i16;
    Box::new(move || {
        row = (row + 1).min(800);
        let pressure = 100 + row.saturating_mul(rise);
        [
            pressure.min(29_000),
            100,
            POSITION_START - 13 * row,
            row % 2,
        ]
    })
}

fn plan(id: u32, law: TransferLaw, window: (u64, u64)) -> TransferPlan {
    TransferPlan {
        id,
        law,
        window: Window {
            opens: NodeTicks(window.0),
            closes: NodeTicks(window.1),
        },
        fallback: Fallback {
            channel: 2,
            level: 12_000,
            crossing: Crossing::Falling,
        },
    }
}

const PRESSURE: TransferLaw = TransferLaw::Threshold {
    channel: 0,
    level: LEVEL,
    crossing: Crossing::Rising,
};
const VOLUME: TransferLaw = TransferLaw::InjectedVolume {
    channel: 2,
    start: POSITION_START as i32,
    travel: -4000,
};

fn now(scene: &Scene) -> Result<u64, RigError> {
    scene
        .reader
        .wait("rows", 5, |seen| Some(seen.rows.get(&(0, 0))?.last()?.tick))
}

fn arm(scene: &Scene, plan: TransferPlan) -> Result<PlanVerdict, RigError> {
    scene.reader.order(0, HostPacket::Arm(plan));
    scene
        .reader
        .wait("the acknowledgement of a plan", 5, |seen| {
            seen.answers.iter().find_map(|answer| match answer {
                Answer::Plan(ack) if ack.plan == plan.id => Some(ack.verdict),
                _ => None,
            })
        })
}

fn report(scene: &Scene, plan: u32) -> Result<TransferReport, RigError> {
    let report = scene.reader.wait("the report of a plan", 10, |seen| {
        seen.answers.iter().find_map(|answer| match answer {
            Answer::Transfer(report) if report.plan == plan => Some(*report),
            _ => None,
        })
    })?;
    scene.reader.order(0, HostPacket::ReportSeen { plan });
    Ok(report)
}

/// Back to rest, with the converter's queue played out.
fn rest(scene: &Scene) -> Result<(), RigError> {
    scene.script.change(resting());
    let from = now(scene)?;
    scene.reader.wait("rest", 10, |seen| {
        let row = seen.rows.get(&(0, 0))?.last()?;
        (row.tick > from + 20_000 && row.codes[0] == 100).then_some(())
    })
}

/// Tells all stories `rounds` times.
///
/// # Errors
/// When the rig fails.
pub fn run(rounds: u32) -> Result<Vec<Figure>, RigError> {
    let mut scene = Scene::set(resting())?;
    rest(&scene)?;
    let mut figures = fires(&mut scene, rounds)?;
    figures.push(refuses(&scene)?);
    figures.push(silent(&mut scene)?);
    Ok(figures)
}

fn fires(scene: &mut Scene, rounds: u32) -> Result<Vec<Figure>, RigError> {
    let mut worst = 0;
    let mut fired = 0;
    let mut trouble = Vec::new();
    for round in 0..rounds {
        let cases = [
            (PRESSURE, 25, FireCause::Law, 0, LEVEL, Crossing::Rising),
            (VOLUME, 0, FireCause::Law, 2, 16_000, Crossing::Falling),
            (
                PRESSURE,
                0,
                FireCause::FallbackPosition,
                2,
                12_000,
                Crossing::Falling,
            ),
        ];
        for (at, (law, rise, cause, channel, level, crossing)) in cases.into_iter().enumerate() {
            let id = 100 + round * 10 + at as u32;
            let tick = now(scene)?;
            let verdict = arm(scene, plan(id, law, (tick, tick + 20_000_000)))?;
            if verdict != PlanVerdict::Armed {
                trouble.push(format!("plan {id} {verdict:?}"));
            }
            scene.script.change(injecting(rise));
            let outcome = report(scene, id)?.outcome;
            if scene.board.qmp.register(LEDS)? & 1 == 0 {
                trouble.push(format!("plan {id}: the wire itself is off"));
            }
            let TransferOutcome::Fired {
                cause: by,
                index,
                due,
                fired: when,
                code,
            } = outcome
            else {
                trouble.push(format!("plan {id} {outcome:?}"));
                rest(scene)?;
                continue;
            };
            sleep(Duration::from_millis(60));
            // The samples themselves must show the same instant as the first one past the level.
            let (before, deciding) = scene.reader.look(|seen| {
                let rows = seen.rows.get(&(0, 0)).map_or(&[][..], Vec::as_slice);
                let deciding = rows.iter().position(|r| r.index == index);
                let code = |at: usize| rows.get(at).map(|r| r.codes[channel]);
                (
                    deciding.and_then(|d| code(d.checked_sub(1)?)),
                    deciding.and_then(code),
                )
            });
            let first = before.is_some_and(|c| !crossing.reached(c, level))
                && deciding == Some(code)
                && crossing.reached(code, level);
            if by != cause || !first {
                trouble.push(format!("plan {id}: {by:?} at {before:?} -> {deciding:?}"));
            }
            worst = worst.max(when.since(due));
            fired += 1;
            rest(scene)?;
        }
    }
    Ok(vec![Figure {
        claim: "transfer fires within one tick of the threshold, the volume, or the fallback position",
        figure: format!(
            "{fired} shots, wire set at most {worst} us after the deciding sample was due (a tick is {PERIOD_TICKS} us) {trouble:?}"
        ),
        holds: trouble.is_empty() && fired == 3 * rounds && worst < PERIOD_TICKS,
    }])
}

fn refuses(scene: &Scene) -> Result<Figure, RigError> {
    let tick = now(scene)?;
    let high = TransferLaw::Threshold {
        channel: 0,
        level: 31_000,
        crossing: Crossing::Rising,
    };
    let slow = TransferLaw::Threshold {
        channel: 4,
        level: 500,
        crossing: Crossing::Rising,
    };
    let none = TransferLaw::Threshold {
        channel: 9,
        level: 500,
        crossing: Crossing::Rising,
    };
    let met = TransferLaw::Threshold {
        channel: 0,
        level: 50,
        crossing: Crossing::Rising,
    };
    let soon = (tick, tick + 10_000_000);
    let cases = [
        (PRESSURE, (0, 1000), Refusal::WindowPast),
        (
            PRESSURE,
            (tick + 9_000_000, tick + 8_000_000),
            Refusal::WindowEmpty,
        ),
        (PRESSURE, (tick, tick + 90_000_000), Refusal::WindowTooLong),
        (high, soon, Refusal::LevelOutOfRange),
        (slow, soon, Refusal::ChannelTooSlow),
        (none, soon, Refusal::NoSuchChannel),
        (met, soon, Refusal::AlreadyReached),
    ];
    let mut wrong = Vec::new();
    for (at, (law, window, want)) in cases.into_iter().enumerate() {
        let verdict = arm(scene, plan(10_000 + at as u32, law, window))?;
        if verdict != PlanVerdict::Refused(want) {
            wrong.push(format!("{verdict:?} instead of {want:?}"));
        }
    }
    Ok(Figure {
        claim: "a plan outside the window, or unsound otherwise, is refused with a reason",
        figure: format!(
            "{} reasons, first: {}; wrong: {wrong:?}",
            cases.len(),
            cases[0].2
        ),
        holds: wrong.is_empty(),
    })
}

fn silent(scene: &mut Scene) -> Result<Figure, RigError> {
    let tick = now(scene)?;
    let good = SetOutput {
        shot: 9,
        verdict: PartVerdict::Good,
        valid_ticks: 60_000_000,
    };
    scene.reader.order(0, HostPacket::SetOutput(good));
    scene.reader.wait("the good line", 5, |seen| {
        seen.answers
            .iter()
            .find(|a| matches!(a, Answer::Output(s) if s.verdict == PartVerdict::Good))
            .map(|_| ())
    })?;
    let verdict = arm(scene, plan(20_000, PRESSURE, (tick, tick + 30_000_000)))?;
    scene.reader.silence();
    sleep(Duration::from_millis(1200));
    scene.script.change(injecting(25));
    let mut wire = 0;
    for _ in 0..150 {
        wire |= scene.board.qmp.register(LEDS)? & 1;
        sleep(Duration::from_millis(10));
    }
    scene.reader.resume()?;
    let outcome = report(scene, 20_000)?.outcome;
    // The change of the lines happened in the silence; the node says it again to whoever is back.
    let cause = scene.reader.look(|seen| {
        seen.answers.iter().rev().find_map(|a| match a {
            Answer::Output(state) => Some((state.verdict, state.cause)),
            _ => None,
        })
    });
    Ok(Figure {
        claim: "host silent: the plan is disarmed, the lines go to reject",
        figure: format!(
            "{verdict:?}, then {outcome:?}; wire {wire} while the level passed; lines {cause:?}"
        ),
        holds: wire == 0
            && verdict == PlanVerdict::Armed
            && outcome == TransferOutcome::HostSilent
            && cause == Some((PartVerdict::Reject, OutputCause::HostSilent)),
    })
}
