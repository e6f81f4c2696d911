//! The library and its plugin, loaded once a process, and what they log.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;

/// Where the library is, when not beside the program or on the loader's path.
pub const LIBRARY: &str = "ORT_DYLIB_PATH";
/// A provider's plugin library, such as `libonnxruntime_providers_qnn.so`, where the provider comes as one.
pub const PLUGIN: &str = "MOLDSIGHT_ORT_PLUGIN";

/// The last error that the library logged: the reason that its return code leaves out.
pub fn said() -> MutexGuard<'static, String> {
    static SAID: Mutex<String> = Mutex::new(String::new());
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(level: LogLevel, _: &str, _: &str, _: &str, message: &str) {
    if level >= LogLevel::Error {
        let told = message.rsplit("[ERROR]").next().unwrap_or(message);
        told.clone_into(&mut said());
    }
}

/// A path from the environment.
fn named(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).filter(|p| !p.is_empty());
    path.map(PathBuf::from)
}

/// The library's environment.
pub fn environment() -> Result<Environment, String> {
    static LOADED: Mutex<Option<Environment>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = loaded.as_ref() {
        return Ok(environment.clone());
    }
    let path = named(LIBRARY).unwrap_or_else(|| "libonnxruntime.so".into());
    let built = ort::init_from(&path)
        .map_err(|e| e.to_string())
        .and_then(|b| {
            let quiet = b.with_telemetry(false).with_logger(Arc::new(listen));
            quiet.build().map_err(|e| e.to_string())
        });
    let environment = built.map_err(|told| {
        format!("ONNX Runtime cannot be loaded: {told}; set {LIBRARY} to a libonnxruntime.so of version 1.22 or newer")
    })?;
    Ok(loaded.insert(environment).clone())
}

/// Registers the plugin under a provider's name; false where none is given.
pub fn plugin(environment: &Environment, name: &'static str) -> Result<bool, String> {
    static REGISTERED: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    if registered.contains(&name) {
        return Ok(true);
    }
    let Some(path) = named(PLUGIN) else {
        return Ok(false);
    };
    environment.register_ep_library(name, &path).map_err(|e| {
        format!(
            "{PLUGIN}: {} is no plugin of this ONNX Runtime: {e}",
            path.display()
        )
    })?;
    registered.push(name);
    Ok(true)
}
