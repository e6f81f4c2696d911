//! What the tick thread asks of the system, and what it got.

use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
};

use crate::config::TickConfig;

/// What was granted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Granted {
    /// SCHED_FIFO.
    pub real_time: bool,
    /// Memory locked.
    pub locked: bool,
    /// Core pinned to.
    pub core: Option<u32>,
}

/// Priority when none is configured.
const PRIORITY: u8 = 40;

/// Asks for all of it for the calling thread; says what was refused.
pub fn ask(config: &TickConfig, mut told: impl FnMut(String)) -> Granted {
    let mut granted = Granted::default();
    let priority = config.priority.unwrap_or(PRIORITY);
    if priority > 0 {
        let value = ThreadPriorityValue::try_from(priority).unwrap_or(ThreadPriorityValue::MIN);
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
        let id = thread_priority::thread_native_id();
        match thread_priority::set_thread_priority_and_policy(
            id,
            ThreadPriority::Crossplatform(value),
            policy,
        ) {
            Ok(()) => granted.real_time = true,
            Err(e) => told(format!(
                "no real-time priority for the tick: {e:?}; give the service CAP_SYS_NICE"
            )),
        }
    }
    match rustix::mm::mlockall(
        rustix::mm::MlockAllFlags::CURRENT | rustix::mm::MlockAllFlags::ONFAULT,
    ) {
        Ok(()) => granted.locked = true,
        Err(e) => told(format!(
            "memory is not locked: {e}; give the service CAP_IPC_LOCK"
        )),
    }
    if let Some(core) = config.core {
        let mut set = rustix::thread::CpuSet::new();
        set.set(core);
        match rustix::thread::sched_setaffinity(None, &set) {
            Ok(()) => granted.core = u32::try_from(core).ok(),
            Err(e) => told(format!("the tick is not pinned to core {core}: {e}")),
        }
    }
    granted
}

/// Processor time of the calling thread, s.
pub fn thread_seconds() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}
