//! The box's own program beside a simulated press, as a customer starts it.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::RigError;

/// A running box, killed when dropped.
#[derive(Debug)]
pub struct Moldsight {
    child: Child,
    began: Instant,
    address: String,
    cookie: String,
    csrf: String,
    /// The last lines it printed.
    said: Arc<Mutex<VecDeque<String>>>,
    /// Time from the start of the program to its address, s.
    pub up_after_s: f64,
}

/// The program beside this test.
///
/// # Panics
/// When it was not built: `make hil-test` does that first.
pub fn program(name: &str) -> PathBuf {
    let mut folder = std::env::current_exe().expect("a path of this program");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let program = folder.join(name);
    assert!(
        program.is_file(),
        "{} is missing: run `make build`",
        program.display()
    );
    program
}

const JSON: &str = "application/json";

/// One place of a live snapshot.
pub fn reading<'a>(live: &'a Value, sensor: &str) -> Option<&'a Value> {
    live["readings"]
        .as_array()?
        .iter()
        .find(|r| r["sensor"] == sensor)
}

/// Lines kept for a story that fails.
const KEPT: usize = 60;

fn heard(said: &Mutex<VecDeque<String>>, line: std::io::Result<String>) {
    let Ok(line) = line else { return };
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    if said.len() == KEPT {
        said.pop_front();
    }
    said.push_back(line);
}

impl Moldsight {
    /// Starts the box on a free port of this machine and logs in.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(config: &Path) -> Result<Self, RigError> {
        Self::start_in(config, &[])
    }

    /// The same with more in its environment.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_in(config: &Path, environment: &[(&str, &str)]) -> Result<Self, RigError> {
        let began = Instant::now();
        let mut child = Command::new(program("moldsight"))
            .args(["run", "--login-link", "--config"])
            .arg(config)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(RigError::io("starting moldsight"))?;
        let out = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(out).lines();
        let mut next = |marker: &str| {
            lines
                .by_ref()
                .map_while(Result::ok)
                .find_map(|l| l.split_once(marker).map(|(_, rest)| rest.to_owned()))
        };
        let link = next("one-time login http://").ok_or_else(|| {
            RigError::io("waiting for the login link")(std::io::ErrorKind::UnexpectedEof.into())
        })?;
        let up_after_s = began.elapsed().as_secs_f64();
        // Whoever does not read on would stop the box at a full pipe.
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let hears = said.clone();
        std::thread::spawn(move || lines.for_each(|line| heard(&hears, line)));
        let (address, path) = link.split_once('/').unwrap_or((&link, ""));
        let mut new = Self {
            child,
            began,
            address: address.to_owned(),
            cookie: String::new(),
            csrf: String::new(),
            said,
            up_after_s,
        };
        let (head, _) = new.request("GET", &format!("/{path}"), JSON, b"")?;
        let cookie = head
            .lines()
            .find_map(|l| l.strip_prefix("set-cookie: "))
            .unwrap_or_default();
        new.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let session = new.get("/api/v1/session")?;
        new.csrf = session["csrf"].as_str().unwrap_or_default().to_owned();
        Ok(new)
    }

    /// What a path of the API answers, as JSON.
    ///
    /// # Errors
    /// When it does not answer, or not with JSON.
    pub fn get(&self, path: &str) -> Result<Value, RigError> {
        let (head, body) = self.request("GET", path, JSON, b"")?;
        let wrong = |e: serde_json::Error| {
            RigError::io("reading an answer")(std::io::Error::other(format!("{e}: {head}")))
        };
        serde_json::from_str(&body).map_err(wrong)
    }

    /// Waits until `found` finds something in the answer of a path.
    ///
    /// # Panics
    /// When it does not within `seconds`.
    pub fn wait<T>(
        &self,
        path: &str,
        seconds: u64,
        mut found: impl FnMut(&Value) -> Option<T>,
    ) -> T {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut last = Value::Null;
        while Instant::now() < end {
            if let Ok(value) = self.get(path) {
                if let Some(t) = found(&value) {
                    return t;
                }
                last = value;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        panic!(
            "{path} after {seconds} s: {last}; it said:\n{}",
            said.join("\n")
        );
    }

    /// Sends JSON to a path; the status and the answer, whatever they are.
    ///
    /// # Errors
    /// When the box does not answer.
    pub fn post(&self, path: &str, body: &Value) -> Result<(u16, String), RigError> {
        self.send("POST", path, JSON, body.to_string().as_bytes())
    }

    /// Puts JSON to a path; the status and the answer, whatever they are.
    ///
    /// # Errors
    /// When the box does not answer.
    pub fn put(&self, path: &str, body: &Value) -> Result<(u16, String), RigError> {
        self.send("PUT", path, JSON, body.to_string().as_bytes())
    }

    /// Sends a file in a form; the status and the answer, whatever they are.
    ///
    /// # Errors
    /// When the box does not answer.
    pub fn upload(&self, path: &str, field: &str, file: &[u8]) -> Result<(u16, String), RigError> {
        const EDGE: &str = "moldsight-edge-of-a-form";
        let head = format!(
            "--{EDGE}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{field}\"\r\n\r\n"
        );
        let end = format!("\r\n--{EDGE}--\r\n");
        let body = [head.as_bytes(), file, end.as_bytes()].concat();
        self.send(
            "POST",
            path,
            &format!("multipart/form-data; boundary={EDGE}"),
            &body,
        )
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<(u16, String), RigError> {
        let (head, body) = self.request(method, path, kind, body)?;
        let status = head.split_whitespace().nth(1).and_then(|s| s.parse().ok());
        Ok((status.unwrap_or(0), body))
    }

    /// Waits for the first estimate of a place that nobody measures; the time it took since the start of the program, s.
    ///
    /// # Panics
    /// When there is none within half a minute.
    pub fn first_estimate_s(&self, sensor: &str) -> f64 {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let live = self.get("/api/v1/live/latest").unwrap_or_default();
            if reading(&live, sensor)
                .is_some_and(|r| r["missing"].is_null() && r["estimate"].is_f64())
            {
                return self.began.elapsed().as_secs_f64();
            }
            assert!(Instant::now() < end, "no estimate: {live}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Pulls its plug: SIGKILL. Returns when the process is gone.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop and waits for it; true when it ended well.
    ///
    /// # Panics
    /// When it does not end within ten seconds.
    pub fn stop(mut self) -> bool {
        if let Some(id) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.success(),
                _ if Instant::now() > end => panic!("it does not stop"),
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<(String, String), RigError> {
        let io = RigError::io;
        let mut line = TcpStream::connect(&self.address).map_err(io("connecting to the box"))?;
        line.set_read_timeout(Some(Duration::from_secs(10)))
            .map_err(io("connecting to the box"))?;
        // Whoever changes something shows the token of the session beside its cookie.
        let csrf = &self.csrf;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nx-csrf-token: {csrf}\r\ncontent-type: {kind}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            self.address,
            self.cookie,
            body.len()
        );
        line.write_all(request.as_bytes())
            .map_err(io("asking the box"))?;
        line.write_all(body).map_err(io("asking the box"))?;
        let mut answer = String::new();
        line.read_to_string(&mut answer)
            .map_err(io("reading an answer"))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        Ok((head.to_owned(), body.to_owned()))
    }
}

impl Drop for Moldsight {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
