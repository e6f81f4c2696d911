//! `press-sim --scenario demo --link PATH`: a press and its node on a pseudo terminal.

use hil_press_sim::controller::{Act, Operating};
use hil_press_sim::live::{Live, calibration};
use hil_press_sim::node::{Figures, NodeSettings, run};
use hil_press_sim::playback::Playback;
use hil_press_sim::sensor::Sensors;
use hil_press_sim::servers::{Login, ServerSettings, Servers};
use hil_press_sim::setpoints::Setpoint;
use hil_press_sim::truth::TruthFile;
use hil_press_sim::{Plant, PressHandle, Scenario};
use lexopt::prelude::*;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What the operator of `--operator-edit-at` adds to the hold pressure.
const OPERATOR_EDIT_MPA: f64 = 2.5;

const HELP: &str = "\
A simulated press, seen through a sensor node on a pseudo terminal.

usage: press-sim --link PATH [--scenario NAME | --play CSV --sensors LIST]

  --link PATH           where the box connects; PATH becomes a symbolic link to the terminal
  --scenario NAME       a shipped scenario or a file ending in .toml (default: demo)
                        shipped: demo, disturbed, loop-melt-drift, loop-melt-step, loop-slow-drift,
                        loop-undisturbed, loop-viscosity-step, lot-change, matched,
                        purge-and-startup, sensor-death
  --seed N              instead of the scenario's
  --truth FILE          what really happened, one JSON object a shot (for tests only)
  --calibration FILE    write the calibration file that fits this node
  --for SECONDS         end after this time (default: never)
  --quiet               no figures at the end
the controller from outside
  --opcua ADDRESS       an OPC UA server, for example 127.0.0.1:4840
  --keys FOLDER         of its key and certificate, made when missing (default: .press-sim-keys)
  --user NAME:PASSWORD  only this user may connect (default: anybody)
  --modbus ADDRESS      a Modbus TCP server, for example 127.0.0.1:1502
  --modbus-rtu PATH     Modbus RTU; PATH becomes a symbolic link to its pseudo terminal
what happens there, added to the scenario; each write, refusal and event is printed
  --silent-after N      no cycle begins after N shots, the controller still answers
  --manual-after N      the press leaves automatic after N shots
  --revoke-after N      setpoints are no longer released after N shots
  --freeze-after N      every change is forbidden after N shots
  --operator-edit-at N  an operator raises hold_pressure by 2.5 MPa before shot N
  --heartbeat-s S       the recipe comes back when the heartbeat has not changed for S seconds
playing measured shots instead of a scenario
  --play CSV            time_s, <sensor>_pa; give it again for more shots, they go round
  --sensors p1,p2,p3    which columns
  --pause SECONDS       before each shot (default 5)
  --rate HZ             sampling rate (default 2000)

example: press-sim --scenario demo --link /tmp/press --truth truth.jsonl
";

#[derive(Default)]
struct Arguments {
    link: Option<PathBuf>,
    scenario: Option<String>,
    seed: Option<u64>,
    truth: Option<PathBuf>,
    calibration: Option<PathBuf>,
    seconds: Option<f64>,
    quiet: bool,
    play: Vec<PathBuf>,
    sensors: Vec<String>,
    pause_s: Option<f64>,
    rate_hz: Option<u32>,
    servers: ServerSettings,
    acts: Vec<(u64, Act)>,
    heartbeat_s: Option<f64>,
}

fn parse() -> Result<Option<Arguments>, Box<dyn Error>> {
    let mut given = Arguments::default();
    given.servers.keys = ".press-sim-keys".into();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(None),
            Long("link") => given.link = Some(parser.value()?.into()),
            Long("scenario") => given.scenario = Some(parser.value()?.string()?),
            Long("seed") => given.seed = Some(parser.value()?.parse()?),
            Long("truth") => given.truth = Some(parser.value()?.into()),
            Long("calibration") => given.calibration = Some(parser.value()?.into()),
            Long("for") => given.seconds = Some(parser.value()?.parse()?),
            Long("quiet") => given.quiet = true,
            Long("play") => given.play.push(parser.value()?.into()),
            Long("sensors") => {
                let list = parser.value()?.string()?;
                given.sensors = list.split(',').map(|s| s.trim().to_owned()).collect();
            }
            Long("pause") => given.pause_s = Some(parser.value()?.parse()?),
            Long("rate") => given.rate_hz = Some(parser.value()?.parse()?),
            Long("opcua") => given.servers.opcua = Some(parser.value()?.parse()?),
            Long("keys") => given.servers.keys = parser.value()?.into(),
            Long("user") => given.servers.login = Some(login(&parser.value()?.string()?)?),
            Long("modbus") => given.servers.modbus = Some(parser.value()?.parse()?),
            Long("modbus-rtu") => given.servers.modbus_rtu = Some(parser.value()?.into()),
            Long("silent-after") => after(&mut given, &mut parser, Act::Hang)?,
            Long("manual-after") => after(&mut given, &mut parser, Act::Run(Operating::Manual))?,
            Long("revoke-after") => after(&mut given, &mut parser, Act::Release(false))?,
            Long("freeze-after") => after(&mut given, &mut parser, Act::Freeze(true))?,
            Long("operator-edit-at") => {
                let shot = parser.value()?.parse()?;
                let edit = Act::Edit(Setpoint::HoldPressure, OPERATOR_EDIT_MPA);
                given.acts.push((shot, edit));
            }
            Long("heartbeat-s") => given.heartbeat_s = Some(parser.value()?.parse()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if given.play.is_empty() != given.sensors.is_empty() {
        return Err("--play and --sensors go together".into());
    }
    if !given.play.is_empty() && (given.scenario.is_some() || given.truth.is_some()) {
        return Err("--play has no scenario and no truth".into());
    }
    if given.play.is_empty() && (given.pause_s.is_some() || given.rate_hz.is_some()) {
        return Err("--pause and --rate go with --play; a scenario has its own".into());
    }
    let servers = &given.servers;
    let outside =
        servers.opcua.is_some() || servers.modbus.is_some() || servers.modbus_rtu.is_some();
    if !given.play.is_empty() && (outside || !given.acts.is_empty() || given.heartbeat_s.is_some())
    {
        return Err("--play has no controller; servers and events go with a scenario".into());
    }
    if given
        .heartbeat_s
        .is_some_and(|s| !(0.1..=3600.0).contains(&s))
    {
        return Err("--heartbeat-s takes 0.1 to 3600".into());
    }
    if given.pause_s.is_some_and(|s| !(0.5..=3600.0).contains(&s)) {
        return Err("--pause takes 0.5 to 3600".into());
    }
    Ok(Some(given))
}

fn after(
    given: &mut Arguments,
    parser: &mut lexopt::Parser,
    act: Act,
) -> Result<(), Box<dyn Error>> {
    let shots: u64 = parser.value()?.parse()?;
    given.acts.push((shots + 1, act));
    Ok(())
}

fn login(text: &str) -> Result<Login, Box<dyn Error>> {
    let (user, password) = text.split_once(':').ok_or("--user takes NAME:PASSWORD")?;
    Ok(Login {
        user: user.into(),
        password: password.into(),
    })
}

fn start() -> Result<(), Box<dyn Error>> {
    let Some(given) = parse()? else {
        print!("{HELP}");
        return Ok(());
    };
    let link = given
        .link
        .as_ref()
        .ok_or("--link is missing; --help explains")?;
    let (settings, live) = if given.play.is_empty() {
        scenario(&given)?
    } else {
        playback(&given)?
    };
    if let Some(path) = &given.calibration {
        let text = calibration(&format!("{:016x}", settings.node), &settings.channels);
        std::fs::write(path, text)?;
    }
    println!(
        "press-sim: node {:016x} on {}",
        settings.node,
        link.display()
    );
    let _servers = live
        .handle()
        .map(|press| controller(&press, &given))
        .transpose()?;
    let began = Instant::now();
    let limit = given.seconds.map(Duration::from_secs_f64);
    let figures = run(&settings, Path::new(link), live, |_| {
        limit.is_none_or(|limit| began.elapsed() < limit)
    })?;
    std::fs::remove_file(link)?;
    if !given.quiet {
        print_figures(&figures, began.elapsed());
    }
    Ok(())
}

/// Starts the servers, prints where they are and from then on what happens at the controller.
fn controller(press: &PressHandle, given: &Arguments) -> Result<Servers, Box<dyn Error>> {
    let servers = Servers::start(press, &given.servers)?;
    if let (Some(url), Some(thumbprint)) = (servers.opcua_url(), servers.thumbprint()) {
        println!("press-sim: OPC UA on {url}, certificate {thumbprint}");
    }
    if let Some(address) = servers.modbus_address() {
        println!("press-sim: Modbus TCP on {address}");
    }
    if let Some(link) = &given.servers.modbus_rtu {
        println!("press-sim: Modbus RTU on {}", link.display());
    }
    let press = press.clone();
    std::thread::spawn(move || {
        loop {
            for happening in press.happenings() {
                println!("press-sim: {happening}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    Ok(servers)
}

fn scenario(given: &Arguments) -> Result<(NodeSettings, Live), Box<dyn Error>> {
    let mut scenario = Scenario::open(given.scenario.as_deref().unwrap_or("demo"))?;
    if given.heartbeat_s.is_some() {
        scenario.controller.heartbeat_s = given.heartbeat_s;
    }
    let seed = given.seed.unwrap_or(scenario.seed);
    let settings = NodeSettings {
        node: scenario.node_id(),
        rate_hz: scenario.rate_hz,
        channels: scenario.channels.clone(),
    };
    let step_s = 1.0 / f64::from(scenario.rate_hz);
    let sensors = Sensors::new(&scenario.channels, Some(&scenario), seed, step_s);
    let truth = given.truth.as_deref().map(TruthFile::create).transpose()?;
    let plant = Plant::new(scenario, seed)?;
    let press = plant.handle();
    for (shot, act) in &given.acts {
        press.plan(*shot, act.clone())?;
    }
    let live = Live::start(plant, sensors, settings.rate_hz, truth)?;
    Ok((settings, live))
}

fn playback(given: &Arguments) -> Result<(NodeSettings, Live), Box<dyn Error>> {
    let rate_hz = given.rate_hz.unwrap_or(2000);
    let playback = Playback::open(&given.play, &given.sensors, given.pause_s.unwrap_or(5.0))?;
    let channels = Playback::channels(&given.sensors);
    let settings = NodeSettings {
        node: 0x5e_0002,
        rate_hz,
        channels: channels.clone(),
    };
    let sensors = Sensors::new(&channels, None, 1, 1.0 / f64::from(rate_hz));
    let live = Live::start(playback, sensors, rate_hz, None)?;
    Ok((settings, live))
}

fn print_figures(figures: &Figures, ran: Duration) {
    println!("rows sampled           {}", figures.rows);
    println!("rows nobody took       {}", figures.missed);
    println!("cycles finished        {}", figures.cycles);
    println!("block lateness p50     {} us", figures.lateness_us(0.5));
    println!("block lateness p99     {} us", figures.lateness_us(0.99));
    if let Some(seconds) = cpu_seconds() {
        let share = 100.0 * seconds / ran.as_secs_f64();
        println!("CPU, share of a core   {share:.1} %");
    }
}

/// CPU time of this process, all threads, s. The kernel counts it in hundredths.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("press-sim: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprint!(": {error}");
                cause = error.source();
            }
            eprintln!();
            ExitCode::from(2)
        }
    }
}
