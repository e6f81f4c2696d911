//! The sensor node: samples, stamps and never lies. Hardware-free; tested on the host.
//!
//! The story of a sample, in order: a [`clock`] ticks; a [`channel`] bank is read by the
//! [`sampler`] at each instant of its grid; [`fault_watch`] judges the codes; [`block_buffer`]
//! gathers rows while the block before waits; [`node`] sends it through the [`tx_queue`]. Beside
//! it, [`transfer`] executes the plan of the shot, [`sorting`] holds the output lines,
//! [`host_link`] notices silence, [`crash`] and [`watchdog`] survive what should not happen.
//! Drivers are in [`drivers`], boards in `src/bin`.
#![cfg_attr(not(any(test, feature = "linux")), no_std)]
#![forbid(unsafe_code)]

pub mod bit_bang;
pub mod block_buffer;
pub mod channel;
pub mod clock;
pub mod crash;
pub mod drivers;
pub mod fault_watch;
pub mod host_link;
#[cfg(feature = "linux")]
pub mod linux;
pub mod node;
pub mod sampler;
pub mod scripted;
pub mod sorting;
pub mod transfer;
pub mod tx_queue;
pub mod watchdog;
