//! Says what a press says, through its profile: for whoever mounts the box, and for acceptance.
//!
//! ```text
//! press-check --profile press.toml --folder keys                    what certificate does it show?
//! press-check --profile press.toml --folder keys --confirm THUMB    a person compared it with the panel
//! press-check --profile press.toml --folder keys --seconds 30       one line a reading, cycles as they finish
//! press-check --profile press.toml --folder keys --set hold_pressure=455 --set hold_time=4.2
//! ```

use appliance_pipeline::ports::{Change, PressSignals, Setpoint};
use appliance_press::{Pin, Press, PressError, PressPort, Profile, commission};
use clap::Parser;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Reads a press by its profile and prints what it says; writes only what `--set` names.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Press profile, TOML.
    #[arg(long)]
    profile: PathBuf,
    /// Where the press is, instead of what the profile says.
    #[arg(long)]
    address: Option<String>,
    /// Folder of the box's key and the confirmed certificate.
    #[arg(long, default_value = "press-keys")]
    folder: PathBuf,
    /// Confirm the certificate of the press by its thumbprint, SHA-256 or SHA-1.
    #[arg(long)]
    confirm: Option<String>,
    /// How long to watch, s; 0 reads once.
    #[arg(long, default_value_t = 0.0)]
    seconds: f64,
    /// Time between readings, s.
    #[arg(long, default_value_t = 0.5)]
    every: f64,
    /// Feed the heartbeat while watching.
    #[arg(long)]
    beat: bool,
    /// Write setpoints, NAME=VALUE in the unit of the profile; all of them at once, after the first reading.
    #[arg(long)]
    set: Vec<String>,
    /// Write the same values this many times, and print how long writing and reading back took.
    #[arg(long, default_value_t = 1)]
    times: usize,
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

fn say(press: &Press, signals: &PressSignals) {
    let flag = |v: Option<bool>| v.map_or("-".to_string(), |v| v.to_string());
    let mut line = format!(
        "signals cycle {} {:?} released {} frozen {} age {:.1} s",
        signals.cycle.map_or("-".into(), |c| c.to_string()),
        signals.operating,
        flag(signals.released),
        flag(signals.frozen),
        signals.age_s
    );
    if signals.age_s > press.silent_after_s() {
        line += " SILENT";
    }
    for (setpoint, value) in signals.setpoints.known() {
        if let Some(ability) = &press.abilities().setpoints[setpoint as usize] {
            line += &format!(
                " {} {:.3} {}",
                setpoint.name(),
                ability.shown(value),
                ability.unit
            );
        }
    }
    println!("{line}");
}

/// `NAME=VALUE` in the unit of the profile.
fn change(press: &Press, texts: &[String]) -> Result<Change, String> {
    let one = |text: &String| {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| format!("--set {text}: write NAME=VALUE"))?;
        let setpoint =
            Setpoint::from_name(name).ok_or_else(|| format!("--set {text}: no such setpoint"))?;
        let value: f64 = value
            .parse()
            .map_err(|_| format!("--set {text}: not a number"))?;
        let ability = press.abilities().setpoints[setpoint as usize].as_ref();
        let (factor, zero) = ability.map_or((1.0, 0.0), |a| (a.factor, a.zero));
        Ok::<_, String>((setpoint, factor * value + zero))
    };
    let values = texts.iter().map(one).collect::<Result<_, _>>()?;
    Ok(Change { values })
}

async fn write(press: &mut Press, change: &Change, times: usize) -> bool {
    let mut took = Vec::with_capacity(times);
    let mut good = true;
    for _ in 0..times {
        let start = Instant::now();
        match press.apply(change).await {
            Ok(_) => took.push(start.elapsed().as_secs_f64() * 1e3),
            Err(e) => {
                println!("refused {}", chain(&e));
                good = false;
                break;
            }
        }
    }
    took.sort_by(f64::total_cmp);
    if let (Some(median), Some(most)) = (took.get(took.len() / 2), took.last()) {
        println!(
            "written {} times, read back: median {median:.1} ms, longest {most:.1} ms",
            took.len()
        );
    }
    good
}

async fn watch(press: &mut Press, arguments: &Arguments) -> Result<bool, String> {
    let until = Instant::now() + Duration::from_secs_f64(arguments.seconds);
    let mut tick = interval(Duration::from_secs_f64(arguments.every.max(0.01)));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut beat = Instant::now();
    let (mut lost, mut good, mut wanted) = (false, true, !arguments.set.is_empty());
    let mut first = true;
    loop {
        tick.tick().await;
        match press.read().await {
            Ok(signals) => {
                lost = false;
                if std::mem::take(&mut first) {
                    for missing in press.missing() {
                        println!("missing {missing}");
                    }
                }
                say(press, &signals);
                if std::mem::take(&mut wanted) {
                    let change = change(press, &arguments.set)?;
                    good = write(press, &change, arguments.times).await;
                }
            }
            Err(e @ (PressError::Connect { .. } | PressError::Lost { .. }))
                if arguments.seconds > 0.0 =>
            {
                if !std::mem::replace(&mut lost, true) {
                    println!("lost {}", chain(&e));
                }
            }
            Err(e) => return Err(chain(&e)),
        }
        for cycle in press.finished() {
            let by = if cycle.announced {
                "announced"
            } else {
                "counted"
            };
            let data: Vec<String> = cycle
                .data
                .iter()
                .map(|(n, v)| format!("{n} {v:.3}"))
                .collect();
            println!(
                "cycle {} {by} {}",
                cycle.number.map_or("-".into(), |n| n.to_string()),
                data.join(" ")
            );
        }
        if let Some(period) = press.abilities().heartbeat
            && arguments.beat
            && beat.elapsed() >= period
            && !lost
        {
            beat = Instant::now();
            if let Err(e) = press.beat().await {
                println!("no beat {}", chain(&e));
            }
        }
        if Instant::now() >= until {
            return Ok(good && !lost);
        }
    }
}

async fn check(arguments: &Arguments) -> Result<bool, String> {
    let mut profile = Profile::load(&arguments.profile).map_err(|e| chain(&e))?;
    if let Some(address) = &arguments.address {
        profile = profile.reached_at(address);
    }
    if let Some(thumbprint) = &arguments.confirm {
        Pin::confirm(&arguments.folder, thumbprint).map_err(|e| chain(&e))?;
    }
    if let Some(pin) = commission(&profile, &arguments.folder)
        .await
        .map_err(|e| chain(&e))?
    {
        println!(
            "certificate {} SHA-256 {} SHA-1 {}",
            pin.subject, pin.sha256, pin.sha1
        );
        if Pin::confirmed(&arguments.folder)
            .map_err(|e| chain(&e))?
            .is_none()
        {
            println!(
                "compare it with the panel of the press, then run again with --confirm {}",
                pin.sha256
            );
        }
    }
    let mut press = Press::open(&profile, &arguments.folder).map_err(|e| chain(&e))?;
    watch(&mut press, arguments).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match check(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(reason) => {
            eprintln!("press-check: {reason}");
            ExitCode::from(2)
        }
    }
}
