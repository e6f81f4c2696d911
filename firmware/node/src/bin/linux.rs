//! The node as a program: `linux --line pty:PATH --ads131m08 /dev/spidev0.0 ...`

use firmware_node::linux::LinuxError;
use firmware_node::linux::link::{Line, Link};
use firmware_node::linux::run::{Settings, Wire, run};
use firmware_node::linux::sensors::Sensors;
use firmware_node::sorting::ThreePins;
use firmware_wire::NodeId;
use lexopt::prelude::*;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
A sensor node on a single-board computer: the firmware's library on Linux devices.

usage: linux --line LINE [sensors] [wires]

  --line pty:PATH | socket:PATH   where the box connects; PATH is made
  --id HEX                        identity, sixteen digits (default: from /etc/machine-id)
  --rate HZ                       100 to 2000, of the fast channels (default 1000)
sensors
  --ads131m08 /dev/spidevB.C      eight fast channels
  --adxl355 /dev/spidevB.C        three fast axes of vibration
  --max31856 /dev/spidevB.C       a thermocouple, ten times a second
  --bme280 /dev/i2c-N             ambient temperature, pressure, humidity
  --recording FILE                raw codes, one row a line: a trial without sensors
wires, each /dev/gpiochipN:LINE
  --transfer, --good, --reject, --uncertain   (without --uncertain such parts go to reject)

example: linux --line pty:/run/moldsight/node0 --ads131m08 /dev/spidev0.0 --transfer /dev/gpiochip0:17
";

struct Command {
    line: Line,
    settings: Settings,
    sensors: Sensors,
}

fn parse() -> Result<Option<Command>, Box<dyn Error>> {
    let mut line = None;
    let mut id = None;
    let mut rate_hz = 1000;
    let mut sensors = Sensors::default();
    let mut wires: [Option<String>; 4] = [const { None }; 4];
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(None),
            Long("line") => {
                let text = arguments.value()?.string()?;
                line = Some(Line::parse(&text).ok_or("--line takes pty:PATH or socket:PATH")?);
            }
            Long("id") => id = Some(u64::from_str_radix(&arguments.value()?.string()?, 16)?),
            Long("rate") => rate_hz = arguments.value()?.parse()?,
            Long("ads131m08") => sensors.add_ads131m08(&PathBuf::from(arguments.value()?))?,
            Long("adxl355") => sensors.add_adxl355(&PathBuf::from(arguments.value()?))?,
            Long("max31856") => sensors.add_max31856(&PathBuf::from(arguments.value()?))?,
            Long("bme280") => sensors.add_bme280(&PathBuf::from(arguments.value()?))?,
            Long("recording") => sensors.add_recording(&PathBuf::from(arguments.value()?))?,
            Long("transfer") => wires[0] = Some(arguments.value()?.string()?),
            Long("good") => wires[1] = Some(arguments.value()?.string()?),
            Long("reject") => wires[2] = Some(arguments.value()?.string()?),
            Long("uncertain") => wires[3] = Some(arguments.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if !(100..=2000).contains(&rate_hz) {
        return Err("--rate takes 100 to 2000".into());
    }
    let node = NodeId(match id {
        Some(id) => id,
        None => machine_id()?,
    });
    let wire = |at: usize| wires[at].as_deref().map_or(Ok(Wire::None), Wire::take);
    let settings = Settings {
        node,
        rate_hz,
        transfer: wire(0)?,
        sorting: ThreePins {
            good: wire(1)?,
            reject: wire(2)?,
            uncertain: wires[3].as_deref().map(Wire::take).transpose()?,
        },
    };
    Ok(Some(Command {
        line: line.ok_or("--line is missing; --help explains")?,
        settings,
        sensors,
    }))
}

fn machine_id() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/etc/machine-id")?;
    let digits = text
        .get(..16)
        .ok_or("/etc/machine-id is too short; give --id")?;
    Ok(u64::from_str_radix(digits, 16)?)
}

fn start() -> Result<(), Box<dyn Error>> {
    let Some(command) = parse()? else {
        print!("{HELP}");
        return Ok(());
    };
    let link = Link::open(&command.line)?;
    run(command.settings, command.sensors, link, || true).map_err(|e: LinuxError| e.into())
}

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("linux: {error}");
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
