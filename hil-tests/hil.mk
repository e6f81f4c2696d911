# Targets of the proof; the root Makefile includes this after firmware/firmware.mk.

.PHONY: hil-test hil-prove

hil-test: firmware ## the stories, told short
	cargo build --release --locked -p appliance-daemon -p hil-press-sim
	cargo test --release -p hil-tests -p hil-press-sim

hil-prove: firmware ## the stories in full, one line a claim: figure and verdict
	FUZZ_INPUTS=10000000 cargo test --release -p firmware-wire --test fuzz_decoder -- --nocapture
	cargo build --release -p hil-tests --bins
	cargo run --release -p hil-tests --bin hil-prove
