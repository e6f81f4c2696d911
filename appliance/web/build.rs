//! Makes the folder the dashboard is embedded from, so that the program builds before the dashboard
//! was ever built, and builds again once it was.

fn main() {
    let dist = "../dashboard/dist";
    // A read-only source tree builds too: the page that says so is part of the program.
    let _ = std::fs::create_dir_all(dist);
    println!("cargo::rerun-if-changed={dist}");
    println!("cargo::rerun-if-changed=build.rs");
}
