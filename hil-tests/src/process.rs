//! What a process costs, from the kernel's own account.

use std::fs::read_to_string;

/// Processor time of a process, user and system, all its threads, s; NaN when it is gone.
pub fn cpu_seconds(id: u32) -> f64 {
    // Hundredths of a second: fields 14 and 15, counted after the name in brackets.
    let ticks = read_to_string(format!("/proc/{id}/stat"))
        .ok()
        .and_then(|text| {
            let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
            let user: f64 = fields.next()?.parse().ok()?;
            let system: f64 = fields.next()?.parse().ok()?;
            Some(user + system)
        });
    ticks.map_or(f64::NAN, |ticks| ticks / 100.0)
}

/// Memory of this process in use now, KiB; zero when the kernel does not say.
pub fn resident_kib() -> u64 {
    read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok())
        .map_or(0, |pages| pages * 4)
}

/// Most memory a process has had in use, KiB; infinite when it is gone, so that no limit is kept by a process that died.
pub fn largest_resident_kib(id: u32) -> f64 {
    read_to_string(format!("/proc/{id}/status"))
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
            line.split_whitespace().next()?.parse().ok()
        })
        .unwrap_or(f64::INFINITY)
}
