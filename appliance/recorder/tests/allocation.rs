//! The tick thread's side of the recorder allocates nothing, in plenty and in need.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod support;

use appliance_recorder::{Recorder, Settings};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;
use support::*;

struct Counting;

thread_local! {
    /// Allocations of this thread; the recorder's own threads may allocate as they like.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: passes every call on to the system allocator; the counter is a plain thread-local number.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no counter any more.
        let _ = COUNT.try_with(|c| c.set(c.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_tick_allocates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::in_folder(folder.path().join("records"));
    let (_recorder, mut handle) = Recorder::open(settings, Instant::now()).unwrap();
    let (table, columns) = (table(), columns());
    let (context, summary) = (context("A"), summary(10.0));
    let before = COUNT.with(Cell::get);
    handle.channels(&table);
    handle.estimate_columns(&columns);
    handle.shot_begin(&context, 0);
    // More than the queue takes, so that refusals are counted too.
    for k in 0..50_000 {
        block(k, |b| handle.samples(b));
        estimate(k * BLOCK_NS, |e| handle.estimate(e));
    }
    handle.event("kind", "source", "text", 0);
    handle.shot_end(&summary, 50_000 * BLOCK_NS);
    assert_eq!(COUNT.with(Cell::get) - before, 0);
}
