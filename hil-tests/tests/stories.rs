//! The stories, told short. `make hil-prove` tells them in full.
//!
//! They share two cores, so they run one after the other whatever the test runner thinks.

use hil_tests::{Figure, RigError, stories};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn must_hold(story: impl FnOnce() -> Result<Vec<Figure>, RigError>) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let figures = story().expect("the rig works");
    for figure in &figures {
        println!("{figure}");
    }
    assert!(figures.iter().all(|figure| figure.holds), "{figures:#?}");
}

#[test]
fn firmware_in_qemu_loses_nothing_and_keeps_honest_books() {
    must_hold(|| stories::steady::run(5));
}

#[test]
fn the_transfer_plan_fires_in_time_and_only_when_it_may() {
    must_hold(|| stories::transfer::run(1));
}

#[test]
fn the_sorting_line_is_on_for_a_good_part_and_only_while_it_may() {
    must_hold(|| stories::sorting::run(3));
}

#[test]
fn oddities_are_named_and_data_on_either_side_is_kept() {
    must_hold(stories::oddities::run);
}

#[test]
fn a_hundred_and_twenty_eight_channels_arrive_whole() {
    must_hold(|| stories::many_channels::run(Path::new(env!("CARGO_BIN_EXE_box-acquire")), 20));
}
