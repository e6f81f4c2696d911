//! `moldlab`, the workbench.
fn main() {}
