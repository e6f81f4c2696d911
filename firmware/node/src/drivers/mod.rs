//! One driver a chip, over embedded-hal 1.0. Each is a [`crate::channel::ChannelBank`].

pub mod ads131m08;
pub mod adxl355;
pub mod bme280;
pub mod lsm303_mag;
pub mod max31856;
pub mod tmp105;
