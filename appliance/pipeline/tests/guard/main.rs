//! The guard: each rule alone, each arrow of the drawing, and random sequences with a second opinion on every write.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod arrows;
mod checker;
mod dice;
mod rules;
mod stage;
mod world;

use appliance_pipeline::guard::Rule;
use proptest::prelude::*;

use dice::Dice;
use world::{Tally, World};

/// Plays a sequence; the message names the broken promise and, when tracing, everything that led to it.
fn play(seed: u64, words: &[u64], tally: &mut Tally, tracing: bool) -> Result<(), String> {
    let mut world = World::new(seed, tracing);
    for word in words {
        if let Err(broken) = world.step(*word, tally) {
            return Err(format!("{}\n{broken}", world.trace.join("\n")));
        }
    }
    Ok(())
}

/// Words of sequence `number`.
fn words(number: u64) -> Vec<u64> {
    let mut dice = Dice(number.wrapping_mul(0xD134_2543_DE82_EF95));
    (0..40 + dice.below(80)).map(|_| dice.word()).collect()
}

/// Whatever happens: no write outside limits, none while a rule forbids it, never two in a shot, none after the key until
/// armed again, none before the read back after a restart. `GUARD_SEQUENCES` says how many sequences.
#[test]
fn no_write_that_a_rule_forbids() {
    let sequences: u64 = std::env::var("GUARD_SEQUENCES").map_or(10_000, |n| n.parse().unwrap());
    let mut tally = Tally::default();
    for number in 0..sequences {
        let words = words(number);
        if play(number, &words, &mut tally, false).is_err() {
            let told = play(number, &words, &mut Tally::default(), true);
            panic!("sequence {number}: {}", told.unwrap_err());
        }
    }
    println!(
        "guard: {sequences} sequences, {} events, {} corrections, {} pieces of advice, {} restores, {} times room for a transfer signal, no promise broken",
        tally.events, tally.writes, tally.advice, tally.restores, tally.rooms
    );
    println!("guard: arrows {:?}", tally.arrows);
    println!("guard: alone in the way {:?}", tally.alone);
    // A test that never gets there proves nothing.
    if sequences >= 10_000 {
        assert!(tally.rooms > 5_000);
        assert!(tally.writes > 5_000 && tally.advice > 2_000 && tally.restores > 100);
        assert_eq!(tally.arrows.len(), 24, "every arrow of the drawing");
        for rule in Rule::PRESS.iter().chain(&Rule::WISH) {
            let times = tally.alone.get(rule.key()).copied().unwrap_or(0);
            assert!(times > 0, "{} never stood alone", rule.key());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_shrink_iters: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The same with sequences that shrink to the shortest that breaks a promise.
    #[test]
    fn no_write_that_a_rule_forbids_shrunk(seed: u64, words in proptest::collection::vec(any::<u64>(), 1..120)) {
        let played = play(seed, &words, &mut Tally::default(), true);
        prop_assert!(played.is_ok(), "{}", played.unwrap_err());
    }
}
