# One-line targets; CI calls exactly these. `make demo` and `make test` install what they miss.
SHELL := /bin/bash
CARGO := cargo
# One selection everywhere: dependencies are compiled once, not once for each set of features.
ALL := --release --locked --workspace --exclude firmware-node
LAB := target/release/moldlab
BOX := target/release/moldsight
PRESS_CHECK := target/release/press-check
SHARED ?= ../shared

.PHONY: dashboard demo demo-measured pictures accuracy test onnx-check openvino-check qnn-check accept prove check build bench model-verify setup fmt

build: setup dashboard ## target/release/moldlab and target/release/moldsight
	$(CARGO) build $(ALL) --bin moldlab --bin moldsight --bin press-check --bin press-sim

dashboard:            ## the page, by npm; the box embeds it
	@bash .ci/dashboard

demo: setup dashboard ## a simulated press and the box beside it: prints an address and a login that works once
	$(CARGO) build $(ALL) --bin moldsight --bin press-sim
	@bash .ci/demo-box demo

demo-measured: setup dashboard ## measured shots played as if live: P1 is used, P2 and P3 are estimated beside what was measured
	$(CARGO) build $(ALL) --bin moldsight --bin press-sim
	@bash .ci/demo-box measured

pictures: build       ## simulate the measured mold and draw estimate beside measurement
	@bash .ci/demo $(LAB)

test: check firmware hil-setup ## every test that needs nothing from outside, the emulated node included
	$(CARGO) test $(ALL)
	cd appliance/dashboard && npm test --silent
	$(MAKE) firmware-test
	bash hil-tests/web/box.sh short

accuracy: setup       ## the pipeline against the simulated press's truth: 50 shots, 3 seeds
	$(CARGO) build $(ALL) --bin accuracy
	target/release/accuracy

onnx-check: build     ## exported graphs and the onnx backend beside the cpu kernel; installs onnxruntime by pip
	bash .ci/onnx-check $(LAB) onnxruntime

openvino-check: build ## the same with a library that has OpenVINO (85 MB)
	bash .ci/onnx-check $(LAB) onnxruntime-openvino

qnn-check: build      ## the same with Qualcomm's plugin (100 MB)
	bash .ci/onnx-check $(LAB) onnxruntime onnxruntime-qnn

accept: build onnx-check ## checks that read ../shared
	bash .ci/accept $(LAB) $(SHARED) $(BOX)
	bash .ci/accept-press $(PRESS_CHECK) $(BOX) target/release/press-sim $(SHARED)

prove: build firmware ## full figures of every issue, appended to PROOF.md
	bash .ci/prove $(LAB) $(SHARED)

check: setup dashboard firmware-setup ## dependency arrows, format, clippy
	bash .ci/arrows
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --all-targets -- -D warnings

bench: setup          ## criterion benches
	$(CARGO) bench --locked -p models-physics -p models-infer -p appliance-pipeline

model-verify: build   ## recompute the errors of every release on its fresh shots
	set -e; for release in models/weights/*/; do $(LAB) verify --weights $$release; done

setup:
	@bash .ci/setup

-include firmware/firmware.mk
-include hil-tests/hil.mk
