//! Seeded damage to good streams: no panic, no wrong packet accepted, in step again within a frame.
//!
//! `FUZZ_INPUTS` sets how many inputs (1e5 by default, ten million in `make hil-prove`), `FUZZ_SEED` where they start.

mod damage;

use damage::{Damage, Rng};
use firmware_wire::{DecodeError, Decoder, FromNode, NodePacket};

fn from_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(otherwise)
}

#[test]
fn damaged_streams_never_yield_a_wrong_packet_and_resync_within_one_frame() {
    let inputs = from_env("FUZZ_INPUTS", 100_000);
    let seed = from_env("FUZZ_SEED", 1);
    let corpus = damage::corpus();
    let mut rejected = 0_u64;
    let mut accepted = 0_u64;
    for input in 0..inputs {
        let mut rng = Rng::new(seed.wrapping_add(input));
        let damage = Damage::draw(&mut rng, &corpus);
        let mut decoder = Decoder::<FromNode>::new();
        let mut sentinel_seen = false;
        let mut stream = damage.bytes.as_slice();
        while !stream.is_empty() {
            let (part, rest) = stream.split_at(rng.below(stream.len()) + 1);
            decoder.feed(part, |packet| match packet {
                Ok(packet) => {
                    accepted += 1;
                    sentinel_seen |=
                        matches!(&packet, NodePacket::Sync(reply) if reply.id == u32::MAX);
                    assert!(
                        corpus.knows(&packet),
                        "input {input}: accepted {packet:?}, which nobody sent"
                    );
                }
                Err(
                    DecodeError::Direction | DecodeError::Malformed | DecodeError::Version { .. },
                ) => {
                    panic!("input {input}: damage passed the check sum")
                }
                Err(_) => rejected += 1,
            });
            stream = rest;
        }
        assert!(
            sentinel_seen,
            "input {input}: the whole frame after the damage was lost"
        );
    }
    assert!(
        rejected > inputs / 4,
        "the damage was too gentle to prove anything: {rejected} of {inputs}"
    );
    println!(
        "fuzz: {inputs} inputs, {accepted} packets accepted, all of them as sent; {rejected} frames rejected; 0 wrong, 0 panics"
    );
}
