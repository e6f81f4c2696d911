//! A press as a Modbus device, moved by a hand: the registers of the shipped profile of the simulated press, over TCP and RTU.

use super::contract::{Rig, in_production, profile};
use appliance_pipeline::ports::{Operating, SETPOINTS, Setpoint};
use appliance_press::scripted::Hand;
use appliance_press::{Modbus, Port, Press, PressError, Profile, Why};
use std::future::{Ready, ready};
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_modbus::server::{Service, rtu, tcp};
use tokio_modbus::{ExceptionCode, Request, Response};
use tokio_serial::{SerialPort, SerialStream};

const HEARTBEAT: usize = 2 * SETPOINTS;
const CUSHION_STROKE: usize = 20;

#[derive(Clone)]
struct Registers(Hand);

fn words(value: f64) -> [u16; 2] {
    let bits = (value as f32).to_bits();
    [(bits >> 16) as u16, bits as u16]
}

impl Registers {
    fn holding(&self) -> Vec<u16> {
        let abilities = profile("press-sim-modbus.toml", 60.0, |t| t).abilities();
        let script = self.0.script();
        let shown = Setpoint::ALL.map(|s| {
            abilities.setpoints[s as usize]
                .unwrap()
                .shown(script.signals.setpoints[s])
        });
        let mut all: Vec<u16> = shown.iter().flat_map(|v| words(*v)).collect();
        all.extend([0, script.beats as u16]);
        all
    }

    fn input(&self) -> Vec<u16> {
        let script = self.0.script();
        let signals = &script.signals;
        let mut all = vec![
            match signals.operating {
                Operating::Automatic => 0,
                Operating::SemiAutomatic => 1,
                Operating::Manual => 2,
                Operating::Setup => 3,
                Operating::Unknown => 9,
            },
            signals.released.unwrap().into(),
            signals.frozen.unwrap().into(),
        ];
        all.extend([48, 32, 16, 0].map(|shift| (signals.cycle.unwrap() >> shift) as u16));
        all.resize(10, 0);
        while all.len() < 36 {
            let stroke = all.len() == CUSHION_STROKE;
            all.extend(words(if stroke {
                signals.cycle_data[0].1
            } else {
                f64::NAN
            }));
        }
        all
    }

    fn write(&self, at: usize, given: &[u16]) -> Result<(), ExceptionCode> {
        assert_eq!((at % 2, given.len()), (0, 2), "one value in one request");
        let bits = u32::from(given[0]) << 16 | u32::from(given[1]);
        let mut script = self.0.script();
        if at == HEARTBEAT {
            script.beats += u64::from(u64::from(bits) != script.beats);
            return Ok(());
        }
        let setpoint = Setpoint::ALL[at / 2];
        let abilities = profile("press-sim-modbus.toml", 60.0, |t| t).abilities();
        let ability = abilities.setpoints[setpoint as usize].unwrap();
        let si = ability.factor * f64::from(f32::from_bits(bits)) + ability.zero;
        script.sent.push((setpoint, si));
        if let Some((other, value)) = script.moved_meanwhile.take() {
            script.signals.setpoints[other] = value;
        }
        match &script.refuses[setpoint as usize] {
            Some(Why::Range) => Err(ExceptionCode::IllegalDataValue),
            Some(Why::Access) => Err(ExceptionCode::IllegalFunction),
            Some(_) => Err(ExceptionCode::IllegalDataAddress),
            None => {
                if !script.ignores[setpoint as usize] {
                    script.signals.setpoints[setpoint] = si;
                }
                Ok(())
            }
        }
    }
}

impl Service for Registers {
    type Request = Request<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Response, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        let cut = |all: Vec<u16>, at: u16, count: u16| {
            let (from, to) = (usize::from(at), usize::from(at + count));
            let cut = all.get(from..to).map(<[u16]>::to_vec);
            cut.ok_or(ExceptionCode::IllegalDataAddress)
        };
        ready(match request {
            Request::ReadHoldingRegisters(at, count) => {
                cut(self.holding(), at, count).map(Response::ReadHoldingRegisters)
            }
            Request::ReadInputRegisters(at, count) => {
                cut(self.input(), at, count).map(Response::ReadInputRegisters)
            }
            Request::WriteMultipleRegisters(at, given) => self
                .write(at.into(), &given)
                .map(|()| Response::WriteMultipleRegisters(at, given.len() as u16)),
            _ => Err(ExceptionCode::IllegalFunction),
        })
    }
}

/// Where the device is.
enum Place {
    Socket(u16),
    Line(PathBuf),
}

/// The contract over Modbus.
pub struct ModbusRig {
    hand: Hand,
    place: Place,
    running: JoinHandle<()>,
    port: Box<Port<Modbus>>,
    _folder: TempDir,
}

async fn serve(place: &mut Place, hand: Hand) -> JoinHandle<()> {
    let registers = Registers(hand);
    match place {
        Place::Socket(port) => {
            let listener = TcpListener::bind(("127.0.0.1", *port)).await.unwrap();
            *port = listener.local_addr().unwrap().port();
            tokio::spawn(async move {
                let connected = |stream, peer| {
                    let registers = registers.clone();
                    async move {
                        tcp::accept_tcp_connection(stream, peer, |_| Ok(Some(registers.clone())))
                    }
                };
                let _ = tcp::Server::new(listener).serve(&connected, |_| ()).await;
            })
        }
        Place::Line(link) => {
            let (ours, theirs) = SerialStream::pair().unwrap();
            let _ = std::fs::remove_file(&*link);
            std::os::unix::fs::symlink(theirs.name().unwrap(), link).unwrap();
            tokio::spawn(async move {
                let _theirs = theirs;
                let _ = rtu::Server::new(ours).serve_forever(registers).await;
            })
        }
    }
}

impl ModbusRig {
    async fn start(mut place: Place, folder: TempDir, stale_after_s: f64) -> Self {
        let hand = Hand::new(in_production());
        let running = serve(&mut place, hand.clone()).await;
        let link = match &place {
            Place::Socket(port) => format!("host = \"127.0.0.1:{port}\""),
            Place::Line(path) => {
                let path = path.display();
                format!("serial = {{ path = \"{path}\", baud = 115200, parity = \"none\" }}")
            }
        };
        let profile = profile("press-sim-modbus.toml", stale_after_s, |text| {
            text.replace("host = \"127.0.0.1:5502\"", &link)
        });
        let Press::Modbus(port) = Press::open(&profile, folder.path()).unwrap() else {
            panic!("another press")
        };
        Self {
            hand,
            place,
            running,
            port,
            _folder: folder,
        }
    }

    pub async fn tcp(stale_after_s: f64) -> Self {
        Self::start(Place::Socket(0), TempDir::new().unwrap(), stale_after_s).await
    }

    pub async fn rtu(stale_after_s: f64) -> Self {
        let folder = TempDir::new().unwrap();
        let line = Place::Line(folder.path().join("line"));
        Self::start(line, folder, stale_after_s).await
    }
}

impl Rig for ModbusRig {
    type Port = Port<Modbus>;

    fn port(&mut self) -> &mut Self::Port {
        &mut self.port
    }

    fn hand(&self) -> Hand {
        self.hand.clone()
    }

    /// Modbus has no word for a wrong type: a register has none.
    fn refusals(&self) -> Vec<Why> {
        vec![Why::Range, Why::Access, Why::NotWritable]
    }

    async fn lose(&mut self) {
        self.running.abort();
        while !self.running.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    async fn regain(&mut self) {
        self.running = serve(&mut self.place, self.hand.clone()).await;
    }
}

fn edited(old: &str, new: &str) -> Profile {
    profile("press-sim-modbus.toml", 60.0, |text| {
        assert!(text.contains(old));
        text.replacen(old, new, 1)
    })
}

#[test]
fn what_modbus_cannot_do_is_refused_before_anything_is_sent() {
    for (old, new, place) in [
        ("write = \"multiple\"", "write = \"single\"", "function 6"),
        (
            "{ table = \"input\", address = 0 }",
            "{ table = \"discrete\", address = 0 }",
            "operating_mode",
        ),
    ] {
        let error = Press::open(&edited(old, new), &PathBuf::from("box")).unwrap_err();
        assert!(error.to_string().contains(place), "{error}");
    }
}

#[tokio::test]
async fn a_register_that_is_not_there_is_named() {
    use appliance_press::PressPort;
    let rig = ModbusRig::tcp(60.0).await;
    let Place::Socket(port) = rig.place else {
        panic!("another place")
    };
    let profile = edited("address = 34 }", "address = 340 }");
    let profile = profile.reached_at(&format!("127.0.0.1:{port}"));
    let mut press = Press::open(&profile, &PathBuf::from("box")).unwrap();
    let error = press.read().await.unwrap_err();
    assert!(
        matches!(&error, PressError::Place { name, .. } if name == "mold_temperature_celsius"),
        "{error}"
    );
}
