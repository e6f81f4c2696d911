//! The servers of the controller, on threads of their own.

use crate::controller::PressHandle;
use crate::error::PressSimError;
use crate::modbus_server;
use crate::opcua_server::OpcUaServer;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How often the controller looks at its heartbeat.
const WATCH: Duration = Duration::from_millis(20);
/// How long the end may take.
const END: Duration = Duration::from_secs(2);

/// A user name and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Name.
    pub user: String,
    /// Password.
    pub password: String,
}

/// Which servers there are. Port 0 takes a free one.
#[derive(Clone, Debug, Default)]
pub struct ServerSettings {
    /// Where OPC UA listens.
    pub opcua: Option<SocketAddr>,
    /// Folder of its key and certificate; made when it is not there.
    pub keys: PathBuf,
    /// Who may connect; anybody when absent.
    pub login: Option<Login>,
    /// Where Modbus TCP listens.
    pub modbus: Option<SocketAddr>,
    /// Modbus RTU on a pseudo terminal, to which this path becomes a symbolic link.
    pub modbus_rtu: Option<PathBuf>,
}

/// Running servers; they end when this is dropped.
pub struct Servers {
    runtime: Option<Runtime>,
    opcua: Option<OpcUaServer>,
    modbus: Option<SocketAddr>,
    link: Option<PathBuf>,
}

impl Servers {
    /// Starts what the settings ask for.
    ///
    /// # Errors
    /// When an address is taken, the keys cannot be read or made, or the link cannot be made.
    pub fn start(press: &PressHandle, settings: &ServerSettings) -> Result<Self, PressSimError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| PressSimError::Server {
                what: "OPC UA and Modbus",
                address: "this machine".into(),
                reason: error.to_string(),
            })?;
        let started = std::thread::scope(|scope| {
            let start = || runtime.block_on(Self::listen(press, settings));
            // On a thread of its own, because waiting is forbidden on one of another runtime.
            scope.spawn(start).join()
        });
        let mut servers = started.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        servers.runtime = Some(runtime);
        Ok(servers)
    }

    async fn listen(press: &PressHandle, settings: &ServerSettings) -> Result<Self, PressSimError> {
        let mut servers = Self {
            runtime: None,
            opcua: None,
            modbus: None,
            link: None,
        };
        if let Some(listen) = settings.opcua {
            let login = settings.login.as_ref();
            let server = OpcUaServer::start(press.clone(), listen, &settings.keys, login);
            servers.opcua = Some(server.await?);
        }
        if let Some(listen) = settings.modbus {
            servers.modbus = Some(modbus_server::listen(press.clone(), listen).await?);
        }
        if let Some(link) = &settings.modbus_rtu {
            let terminal = modbus_server::terminal(press.clone())?;
            let _ = std::fs::remove_file(link);
            let linked = std::os::unix::fs::symlink(terminal, link);
            linked.map_err(|source| PressSimError::Write {
                path: link.clone(),
                source,
            })?;
            servers.link = Some(link.clone());
        }
        let press = press.clone();
        tokio::spawn(async move {
            loop {
                press.watch(Instant::now());
                tokio::time::sleep(WATCH).await;
            }
        });
        Ok(servers)
    }

    /// Address of OPC UA, as clients write it.
    #[must_use]
    pub fn opcua_url(&self) -> Option<String> {
        let server = self.opcua.as_ref()?;
        Some(format!("opc.tcp://{}/", server.address))
    }

    /// SHA-1 of the OPC UA certificate, forty hexadecimal digits.
    #[must_use]
    pub fn thumbprint(&self) -> Option<&str> {
        self.opcua.as_ref().map(|server| server.thumbprint.as_str())
    }

    /// Where Modbus TCP listens.
    #[must_use]
    pub const fn modbus_address(&self) -> Option<SocketAddr> {
        self.modbus
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Some(server) = &self.opcua {
            server.stop();
        }
        if let Some(link) = &self.link {
            let _ = std::fs::remove_file(link);
        }
        if let Some(runtime) = self.runtime.take() {
            // As at the start; afterwards the ports are free.
            let _ = std::thread::spawn(move || runtime.shutdown_timeout(END)).join();
        }
    }
}
