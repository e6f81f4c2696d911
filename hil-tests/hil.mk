# Targets of the proof; the root Makefile includes this after firmware/firmware.mk.

.PHONY: hil-test hil-prove loop-report effect-table

hil-test: firmware ## the stories, told short
	cargo build --release --locked -p appliance-daemon -p hil-press-sim
	cargo test --release -p hil-tests -p hil-press-sim

hil-prove: firmware ## the stories in full, one line a claim: figure and verdict
	FUZZ_INPUTS=10000000 cargo test --release -p firmware-wire --test fuzz_decoder -- --nocapture
	cargo build --release -p hil-tests --bins
	cargo run --release -p hil-tests --bin hil-prove

loop-report:          ## the loop closed offline: 40 shots, 5 seeds, with and without correction, in Markdown
	cargo run --release --locked -p hil-tests --bin loop-report

effect-table:         ## what a changed recipe does: reference solver, replayed shot and network side by side
	cargo run --release --locked -p hil-tests --bin effect-table
