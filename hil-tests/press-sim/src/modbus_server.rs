//! The controller over Modbus, TCP and RTU. Floats are single precision; a number of several registers has its
//! most significant word first.
//!
//! | holding register | type | what |
//! |---|---|---|
//! | 0 | f32 | `hold_pressure`, MPa, absolute |
//! | 2 | f32 | `hold_time`, s |
//! | 4 | f32 | `transfer_volume`, cm3 injected |
//! | 6 | f32 | `injection_rate`, cm3/s |
//! | 8 | f32 | `melt_temperature`, degC |
//! | 10 | f32 | `mold_temperature`, degC |
//! | 12 | f32 | `cooling_time`, s |
//! | 14 | u32 | `heartbeat`, which the client changes |
//!
//! | input register | type | what |
//! |---|---|---|
//! | 0 | u16 | `operating_mode`: 0 automatic, 1 semi-automatic, 2 manual, 3 set-up |
//! | 1 | u16 | `setpoints_released`: 0 or 1 |
//! | 2 | u16 | `frozen`: 0 or 1 |
//! | 3 | u64 | `cycle_counter`: molded shots since the press started |
//! | 10, 12, ... 34 | f32 | cycle data in the order of [`CycleData::numbers`](crate::CycleData::numbers) |
//!
//! Functions 3, 4 and 16. Values written together are taken together or not at all. Outside the controller's limits, or a
//! recipe the press cannot run: exception 3 (illegal data value). Not released, frozen, manual or set-up, and every other
//! function: exception 1 (illegal function). Registers that do not exist, or half a number: exception 2.

use crate::controller::{PressHandle, Refused};
use crate::error::PressSimError;
use crate::setpoints::{SETPOINTS, Setpoint};
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio_modbus::server::{Service, rtu, tcp};
use tokio_modbus::{ExceptionCode, Request, Response};
use tokio_serial::{SerialPort, SerialStream};

/// First register of the heartbeat.
const HEARTBEAT: usize = 2 * SETPOINTS;
/// First register of the cycle data.
const CYCLE_DATA: usize = 10;

/// Serves on a socket, on the runtime it is called on; returns where.
///
/// # Errors
/// When the address is taken.
pub async fn listen(press: PressHandle, address: SocketAddr) -> Result<SocketAddr, PressSimError> {
    let failed = |error: std::io::Error| refused(address.to_string(), error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    tokio::spawn(async move {
        let registers = Registers(press);
        let connected = |stream, peer| {
            let registers = registers.clone();
            async move { tcp::accept_tcp_connection(stream, peer, |_| Ok(Some(registers.clone()))) }
        };
        // A client that breaks off is no reason to stop.
        let server = tcp::Server::new(listener);
        while server.serve(&connected, |_| ()).await.is_err() {}
    });
    Ok(bound)
}

/// Serves the registers on a pseudo terminal, on the runtime it is called on; returns the terminal's path.
///
/// # Errors
/// When the system gives no pseudo terminal.
pub fn terminal(press: PressHandle) -> Result<PathBuf, PressSimError> {
    let failed = |error: tokio_serial::Error| refused("a pseudo terminal".into(), error.into());
    let (ours, theirs) = SerialStream::pair().map_err(failed)?;
    let path = theirs.name().unwrap_or_default();
    tokio::spawn(async move {
        // Held open, so that a client may close its end and come back.
        let _theirs = theirs;
        // It ends with the line, that is with the runtime.
        let _ = rtu::Server::new(ours).serve_forever(Registers(press)).await;
    });
    Ok(path.into())
}

fn refused(address: String, error: std::io::Error) -> PressSimError {
    PressSimError::Server {
        what: "Modbus",
        address,
        reason: error.to_string(),
    }
}

#[derive(Clone)]
struct Registers(PressHandle);

impl Service for Registers {
    type Request = Request<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Response, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        ready(match request {
            Request::ReadHoldingRegisters(at, count) => {
                cut(&self.holding(), at, count).map(Response::ReadHoldingRegisters)
            }
            Request::ReadInputRegisters(at, count) => {
                cut(&self.input(), at, count).map(Response::ReadInputRegisters)
            }
            Request::WriteMultipleRegisters(at, words) => {
                let count = words.len() as u16;
                self.write(usize::from(at), &words)
                    .map(|()| Response::WriteMultipleRegisters(at, count))
            }
            _ => Err(ExceptionCode::IllegalFunction),
        })
    }
}

impl Registers {
    fn holding(&self) -> Vec<u16> {
        let view = self.0.view();
        let mut words: Vec<u16> = view.setpoints.iter().flat_map(|v| float(*v)).collect();
        words.extend(split(view.heartbeat));
        words
    }

    fn input(&self) -> Vec<u16> {
        let view = self.0.view();
        let mut words = vec![
            view.operating.number(),
            view.released.into(),
            view.frozen.into(),
        ];
        words.extend([48, 32, 16, 0].map(|shift| (view.cycles >> shift) as u16));
        words.resize(CYCLE_DATA, 0);
        let cycle = view.cycle.unwrap_or_default();
        words.extend(cycle.numbers().iter().flat_map(|(_, value)| float(*value)));
        words
    }

    fn write(&self, at: usize, words: &[u16]) -> Result<(), ExceptionCode> {
        if !at.is_multiple_of(2)
            || !words.len().is_multiple_of(2)
            || at + words.len() > HEARTBEAT + 2
        {
            return Err(ExceptionCode::IllegalDataAddress);
        }
        let mut beat = None;
        let mut values = Vec::new();
        for (place, pair) in (at..).step_by(2).zip(words.chunks_exact(2)) {
            let bits = u32::from(pair[0]) << 16 | u32::from(pair[1]);
            match Setpoint::ALL.get(place / 2) {
                Some(setpoint) => values.push((*setpoint, f64::from(f32::from_bits(bits)))),
                None => beat = Some(bits),
            }
        }
        if !values.is_empty() {
            self.0.write(&values).map_err(|(_, why)| match why {
                Refused::Range(_) | Refused::Recipe(_) => ExceptionCode::IllegalDataValue,
                Refused::NotReleased | Refused::Mode(_) | Refused::Frozen => {
                    ExceptionCode::IllegalFunction
                }
            })?;
        }
        if let Some(beat) = beat {
            self.0.beat(beat, Instant::now());
        }
        Ok(())
    }
}

fn cut(words: &[u16], at: u16, count: u16) -> Result<Vec<u16>, ExceptionCode> {
    let from = usize::from(at);
    let wanted = words.get(from..from + usize::from(count));
    wanted
        .map(<[u16]>::to_vec)
        .ok_or(ExceptionCode::IllegalDataAddress)
}

fn split(bits: u32) -> [u16; 2] {
    [(bits >> 16) as u16, bits as u16]
}

fn float(value: f64) -> [u16; 2] {
    split((value as f32).to_bits())
}
