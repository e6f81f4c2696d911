# Targets of the node's firmware; the root Makefile includes this.
#
# `firmware` uses rustup's target where it is installed, else Debian's matched pair of compiler and
# library source (any version), which needs no download of a toolchain.

FW_TARGET   := thumbv7em-none-eabihf
FW_OUT      := $(CURDIR)/.build/firmware
FW_BUILD    := $(FW_OUT)/target
FW_BOARDS   := mps2 stm32h7
FW_PACKAGES := rustc-web rust-web-src cargo-web lld-19 qemu-system-arm
FW_RUSTUP   := $(shell rustup target list --installed 2>/dev/null | grep -qx $(FW_TARGET) && echo yes)
FUZZ_INPUTS ?= 100000

ifeq ($(FW_RUSTUP),yes)
FW_CARGO := CARGO_TARGET_DIR=$(FW_BUILD) cargo build
else
# Debian's programs by their full path: a rustup in front of them would bring another compiler.
# Looked up when a recipe runs, because firmware-setup may only just have installed it.
FW_LLD   = $(firstword $(shell ls /usr/bin/ld.lld-19 /usr/bin/ld.lld-* /usr/bin/ld.lld 2>/dev/null))
FW_CARGO = env PATH=/usr/bin:/bin RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$(FW_BUILD) \
	CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER=$(FW_LLD) \
	CARGO_TARGET_THUMBV7EM_NONE_EABIHF_RUSTFLAGS="-C linker-flavor=ld.lld" \
	/usr/bin/cargo build -Zbuild-std=core,alloc --ignore-rust-version
endif

.PHONY: firmware firmware-setup firmware-check firmware-test firmware-bench firmware-linux

firmware: firmware-setup ## build the node's images for the bare-metal boards
	@for board in $(FW_BOARDS); do \
		$(FW_CARGO) --release --target $(FW_TARGET) -p firmware-node --features $$board --bin $$board \
		&& cp $(FW_BUILD)/$(FW_TARGET)/release/$$board $(FW_OUT)/$$board || exit 1; \
	done
	@ls -l $(addprefix $(FW_OUT)/,$(FW_BOARDS))

firmware-setup: ## install what the firmware and its emulator need, or name it and stop
	@sh firmware/setup.sh "$(FW_RUSTUP)" $(FW_PACKAGES)

firmware-linux: ## the node's program for a single-board computer
	cargo build --release -p firmware-node --features linux --bin linux

firmware-test: ## the contract, the library and the fuzz (FUZZ_INPUTS inputs), on the host
	FUZZ_INPUTS=$(FUZZ_INPUTS) cargo test --release -p firmware-wire
	cargo test --release -p firmware-node --lib --tests

firmware-bench: ## what a frame costs
	cargo bench -p firmware-wire --bench decode
	cargo bench -p appliance-acquire --bench session

firmware-check: firmware-setup ## formatting, lints, and that wire and node need no operating system
	cargo fmt --check -p firmware-wire -p firmware-node -p appliance-acquire -p hil-tests
	cargo clippy --release -p firmware-wire -p appliance-acquire -p hil-tests --all-targets -- -D warnings
	cargo clippy --release -p firmware-node --lib --tests --features linux --bin linux -- -D warnings
	! cargo tree -p firmware-wire -p firmware-node -e normal | grep -E 'tokio|serde_json'
	$(FW_CARGO) --release --target $(FW_TARGET) -p firmware-wire --lib
	$(FW_CARGO) --release --target $(FW_TARGET) -p firmware-node --lib
