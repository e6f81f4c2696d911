# One-line targets; CI calls exactly these. `make demo` and `make test` install what they miss.
SHELL := /bin/bash
CARGO := cargo
LAB := target/release/moldlab
SHARED ?= ../shared

.PHONY: demo test onnx-check openvino-check qnn-check accept prove check build bench model-verify setup fmt

build: setup          ## target/release/moldlab
	$(CARGO) build --release --locked -p models-lab

demo: build           ## simulate the measured mold and draw estimate beside measurement
	@bash .ci/demo $(LAB)

test: check           ## every test that needs nothing from outside, the emulated node included
	$(CARGO) test --release --locked
	$(MAKE) firmware-test hil-test

onnx-check: build     ## exported graphs and the onnx backend beside the cpu kernel; installs onnxruntime by pip
	bash .ci/onnx-check $(LAB) onnxruntime

openvino-check: build ## the same with a library that has OpenVINO (85 MB)
	bash .ci/onnx-check $(LAB) onnxruntime-openvino

qnn-check: build      ## the same with Qualcomm's plugin (100 MB)
	bash .ci/onnx-check $(LAB) onnxruntime onnxruntime-qnn

accept: build onnx-check ## checks that read ../shared
	bash .ci/accept $(LAB) $(SHARED)

prove: build firmware ## full figures of every issue, appended to PROOF.md
	bash .ci/prove $(LAB) $(SHARED)

check: setup firmware-setup ## dependency arrows, format, clippy
	bash .ci/arrows
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --all-targets -- -D warnings

bench: setup          ## criterion benches
	$(CARGO) bench --locked -p models-physics -p models-infer

model-verify: build   ## recompute the errors of every release on its fresh shots
	set -e; for release in models/weights/*/; do $(LAB) verify --weights $$release; done

setup:
	@bash .ci/setup

-include firmware/firmware.mk
-include hil-tests/hil.mk
