//! Modbus TCP and RTU, with the client of `tokio-modbus` used raw.

use crate::{closed, cycle, press};
use hil_press_sim::PressHandle;
use hil_press_sim::servers::{ServerSettings, Servers};
use hil_press_sim::setpoints::Setpoint;
use tokio_modbus::client::{Context, Reader, Writer, rtu, tcp};
use tokio_modbus::{ExceptionCode, Slave};
use tokio_serial::SerialStream;

fn words(value: f64) -> [u16; 2] {
    let bits = (value as f32).to_bits();
    [(bits >> 16) as u16, bits as u16]
}

fn float(words: &[u16]) -> f64 {
    f64::from(f32::from_bits(
        u32::from(words[0]) << 16 | u32::from(words[1]),
    ))
}

async fn over_tcp(press: &PressHandle) -> (Servers, Context) {
    let settings = ServerSettings {
        modbus: Some("127.0.0.1:0".parse().expect("an address")),
        ..ServerSettings::default()
    };
    let servers = Servers::start(press, &settings).expect("a free port");
    let address = servers.modbus_address().expect("it was asked for");
    let client = tcp::connect(address).await.expect("a connection");
    (servers, client)
}

async fn registers(press: &PressHandle, client: &mut Context) {
    let held = client
        .read_holding_registers(0, 16)
        .await
        .expect("a line")
        .expect("no exception");
    for (at, setpoint) in Setpoint::ALL.into_iter().enumerate() {
        let value = press.setpoint(setpoint);
        assert!(
            (float(&held[2 * at..]) / value - 1.0).abs() < 1e-6,
            "{setpoint:?}"
        );
    }
    press.publish(cycle(7));
    let input = client
        .read_input_registers(0, 36)
        .await
        .expect("a line")
        .expect("no exception");
    assert_eq!(input[..10], [0, 1, 0, 0, 0, 0, 7, 0, 0, 0]);
    for (at, (name, value)) in cycle(7).numbers().into_iter().enumerate() {
        assert!(
            (float(&input[10 + 2 * at..]) - value).abs() < 1e-5,
            "{name}"
        );
    }
    let code = client
        .write_multiple_registers(0, &words(50.0))
        .await
        .expect("a line");
    assert_eq!(code, Ok(()));
    assert!((press.setpoint(Setpoint::HoldPressure) - 50.0).abs() < 1e-6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn registers_are_where_the_table_says_over_tcp() {
    let press = press();
    let (_servers, mut client) = over_tcp(&press).await;
    registers(&press, &mut client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn registers_are_where_the_table_says_over_rtu() {
    let folder = tempfile::tempdir().expect("a folder");
    let press = press();
    let link = folder.path().join("line");
    let settings = ServerSettings {
        modbus_rtu: Some(link.clone()),
        ..ServerSettings::default()
    };
    let servers = Servers::start(&press, &settings).expect("a terminal");
    for _ in 0..2 {
        let path = link.to_str().expect("plain characters");
        let port = SerialStream::open(&tokio_serial::new(path, 19_200)).expect("the line");
        registers(&press, &mut rtu::attach_slave(port, Slave(1))).await;
        press
            .write(&[(Setpoint::HoldPressure, 45.0)])
            .expect("inside");
    }
    drop(servers);
    assert!(!link.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_refusal_has_its_exception() {
    let press = press();
    let (_servers, mut client) = over_tcp(&press).await;
    let before = press.setpoints();
    for value in [0.5, 151.0, f64::NAN, 12.0] {
        let code = client
            .write_multiple_registers(0, &words(value))
            .await
            .expect("a line");
        assert_eq!(code, Err(ExceptionCode::IllegalDataValue), "{value}");
    }
    for (act, undo) in closed() {
        press.act(act).expect("no edit");
        let code = client
            .write_multiple_registers(0, &words(50.0))
            .await
            .expect("a line");
        assert_eq!(code, Err(ExceptionCode::IllegalFunction));
        press.act(undo).expect("no edit");
    }
    // Two setpoints in one request, the second impossible: neither is taken.
    let both = [words(50.0), words(1e4)].concat();
    let code = client
        .write_multiple_registers(0, &both)
        .await
        .expect("a line");
    assert_eq!(code, Err(ExceptionCode::IllegalDataValue));
    // Half a number, registers that are not there, functions that do not exist here.
    let code = client
        .write_multiple_registers(1, &words(50.0))
        .await
        .expect("a line");
    assert_eq!(code, Err(ExceptionCode::IllegalDataAddress));
    let code = client
        .write_multiple_registers(16, &words(50.0))
        .await
        .expect("a line");
    assert_eq!(code, Err(ExceptionCode::IllegalDataAddress));
    let code = client.read_input_registers(35, 2).await.expect("a line");
    assert_eq!(code, Err(ExceptionCode::IllegalDataAddress));
    let code = client.write_single_register(0, 1).await.expect("a line");
    assert_eq!(code, Err(ExceptionCode::IllegalFunction));
    assert_eq!(press.setpoints(), before);
    let code = client
        .write_multiple_registers(14, &[1, 2])
        .await
        .expect("a line");
    assert_eq!((code, press.view().heartbeat), (Ok(()), 65_538));
}
