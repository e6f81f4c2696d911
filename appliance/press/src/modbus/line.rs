//! Opens the line to a device: a socket, or a serial port.

use crate::profile::modbus::{ModbusLink, Parity};
use tokio::net::TcpStream;
use tokio_modbus::Slave;
use tokio_modbus::client::{Context, rtu, tcp};
use tokio_serial::{DataBits, SerialStream, StopBits};

/// The device as messages call it.
pub(super) fn address(link: &ModbusLink) -> String {
    let serial = link.serial.as_ref().map(|s| s.path.clone());
    link.host.clone().or(serial).unwrap_or_default()
}

/// A connection, or why there is none.
pub(super) async fn open(link: &ModbusLink) -> Result<Context, String> {
    let slave = Slave(link.unit_id);
    let Some(serial) = &link.serial else {
        let host = link.host.as_deref().unwrap_or_default();
        let stream = TcpStream::connect(host).await.map_err(|e| e.to_string())?;
        // Requests are short and each waits for its answer.
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        return Ok(tcp::attach_slave(stream, slave));
    };
    let parity = match serial.parity {
        Parity::Even => tokio_serial::Parity::Even,
        Parity::Odd => tokio_serial::Parity::Odd,
        Parity::None => tokio_serial::Parity::None,
    };
    let stop_bits = match serial.stop_bits {
        2 => StopBits::Two,
        _ => StopBits::One,
    };
    let port = tokio_serial::new(&serial.path, serial.baud)
        .data_bits(DataBits::Eight)
        .parity(parity)
        .stop_bits(stop_bits);
    let port = SerialStream::open(&port).map_err(|e| e.to_string())?;
    Ok(rtu::attach_slave(port, slave))
}
