//! Linker arguments for the bare-metal boards; nothing on a host.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=memory-mps2.x");
    if env::var("CARGO_CFG_TARGET_OS")? != "none" {
        return Ok(());
    }
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bins=--nmagic");
    // The STM32's memory map comes with its HAL.
    if env::var_os("CARGO_FEATURE_MPS2").is_some() {
        let out = PathBuf::from(env::var("OUT_DIR")?);
        fs::copy("memory-mps2.x", out.join("memory.x"))?;
        println!("cargo::rustc-link-search={}", out.display());
    }
    Ok(())
}
