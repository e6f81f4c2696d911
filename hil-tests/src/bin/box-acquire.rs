//! `box-acquire SECONDS PORT...`: reads nodes and prints one line of JSON.

use hil_tests::box_process;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|text| text.parse().ok());
    let ports: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    let Some(seconds) = seconds.filter(|_| !ports.is_empty()) else {
        eprintln!("usage: box-acquire SECONDS PORT...");
        return ExitCode::from(2);
    };
    match box_process::run(&ports, seconds) {
        Ok(account) => {
            println!("{account}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
