# Targets of the proof; the root Makefile includes this after firmware/firmware.mk.

.PHONY: hil-setup hil-test hil-prove box-prove closing-prove web-test loop-report effect-table

HIL_TESTS := $(basename $(notdir $(wildcard hil-tests/tests/*.rs)))

hil-setup:            ## what the stories of the box miss: Chromium, libfaketime, python's venv
	@bash hil-tests/web/setup.sh

hil-test: firmware hil-setup dashboard ## the stories, told short
	cargo build $(ALL) --bin moldsight --bin press-sim
	cargo test $(ALL) $(addprefix --test ,$(HIL_TESTS))
	bash hil-tests/web/box.sh short

hil-prove: firmware ## the stories in full, one line a claim: figure and verdict
	FUZZ_INPUTS=10000000 cargo test --release -p firmware-wire --test fuzz_decoder -- --nocapture
	cargo build $(ALL) --bins
	target/release/hil-prove

closing-prove: setup dashboard ## the loop closed in real time over encrypted OPC UA and Modbus: what is written when, and when nothing is
	cargo build $(ALL) --bin moldsight --bin press-sim
	MOLDSIGHT_PROVE=1 cargo test $(ALL) -q --test closing --test transferring -- --include-ignored --nocapture --test-threads 2

loop-report:          ## the loop closed offline: 40 shots, 5 seeds, with and without correction, in Markdown
	cargo build $(ALL) --bin loop-report
	target/release/loop-report

effect-table:         ## what a changed recipe does: reference solver, replayed shot and network side by side
	cargo build $(ALL) --bin effect-table
	target/release/effect-table

box-prove: setup hil-setup dashboard ## the box in full beside its press: ten minutes, 100 kills, disks, clock, sensors, API and pages
	cargo build $(ALL) --bin moldsight --bin press-sim
	cargo build $(ALL) --bin box-demo $(addprefix --test ,$(HIL_TESTS))
	@worst=0; for step in \
	  "target/release/box-demo $(or $(BOX_SECONDS),600)" \
	  "env MOLDSIGHT_PROVE=1 cargo test $(ALL) -q --test box_kill --test box_disk --test box_clock --test box_sensors -- --nocapture --test-threads 1" \
	  "bash hil-tests/web/box.sh full"; do $$step || worst=1; done; exit $$worst

web-test: setup hil-setup dashboard ## API and pages of a running box, a minute
	cargo build $(ALL) --bin moldsight --bin press-sim
	bash hil-tests/web/box.sh short
