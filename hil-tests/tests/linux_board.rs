//! The node on a single-board computer speaks the same wire over a socket and over a pty.

use appliance_acquire::NodeEvent;
use firmware_node::linux::link::{Line, Link};
use firmware_node::linux::run::{Settings, Wire, run};
use firmware_node::linux::sensors::Sensors;
use firmware_node::sorting::ThreePins;
use firmware_wire::NodeId;
use hil_tests::reader::Reader;
use hil_tests::recorder::Recorder;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn plays_its_recording_over(line: Line, name: &Path, recording: &Path) {
    let running = Arc::new(AtomicBool::new(true));
    let node = std::thread::spawn({
        let (running, recording) = (running.clone(), recording.to_owned());
        let link = Link::open(&line).expect("a line");
        move || {
            let mut sensors = Sensors::default();
            sensors
                .add_recording(&recording)
                .expect("a sound recording");
            let settings = Settings {
                node: NodeId(0xabc),
                rate_hz: 500,
                transfer: Wire::None,
                sorting: ThreePins {
                    good: Wire::None,
                    reject: Wire::None,
                    uncertain: None,
                },
            };
            run(settings, sensors, link, || running.load(Ordering::Relaxed))
        }
    });
    let reader =
        Reader::start(vec![(name.to_owned(), None)], Recorder::keeping()).expect("a reader");
    reader
        .wait("rows", 10, |seen| {
            (seen.rows.get(&(0, 0))?.len() > 200).then_some(())
        })
        .expect("rows come");
    running.store(false, Ordering::Relaxed);
    node.join()
        .expect("the node does not panic")
        .expect("nor fail");
    reader.look(|seen| {
        assert!(
            seen.told(|e| matches!(e, NodeEvent::Hello { node, .. } if *node == NodeId(0xabc)))
        );
        let book = seen.books[&(0, 0, 0)];
        assert_eq!(book.rows + book.missed, book.next - book.first);
        assert_eq!(book.unaccounted, 0);
        let rows = &seen.rows[&(0, 0)];
        let neighbours = rows.windows(2).filter(|p| p[1].index == p[0].index + 1);
        let mut checked = 0;
        for pair in neighbours {
            let (before, now) = (pair[0].codes[0], pair[1].codes[0]);
            assert_eq!(now, (before + 1) % 3);
            assert_eq!(pair[1].codes[1], -10 * now);
            checked += 1;
        }
        assert!(checked > 100);
    });
}

#[test]
fn recorded_codes_arrive_in_order_over_socket_and_pty() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("codes.csv");
    std::fs::write(&recording, "0,0\n1,-10\n2,-20\n").expect("a recording");
    for kind in ["socket", "pty"] {
        let name = folder.path().join(kind);
        let line = Line::parse(&format!("{kind}:{}", name.display())).expect("a line");
        plays_its_recording_over(line, &name, &recording);
    }
}
