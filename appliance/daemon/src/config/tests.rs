use super::*;

const GOOD: &str = r#"
mold = "plate-ps"
data = "records"
[[node]]
port = "press"
[[node.channel]]
name = "nozzle pressure"
feeds = "sensor"
sensor = "nozzle"
[[limit]]
name = "part_weight"
lower = 0.011
"#;

fn read(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("moldsight.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path).map_err(|e| e.to_string())
}

#[test]
fn a_good_file_is_read_and_paths_start_from_its_folder() {
    let config = read(GOOD).unwrap();
    assert!(config.data.is_absolute() && config.nodes[0].port.ends_with("press"));
    assert_eq!(config.used(), ["nozzle"]);
}

#[test]
fn what_is_wrong_is_named() {
    for (from, to, told) in [
        ("data =", "daat =", "daat"),
        ("feeds = \"sensor\"", "feeds = \"sensr\"", "feeds"),
        ("sensor = \"nozzle\"", "", "node[0].channel[0].sensor"),
        ("part_weight", "part_wight", "limit[0].name"),
        (
            "lower = 0.011",
            "lower = 0.02\nupper = 0.01",
            "limit[0].lower",
        ),
        ("mold = \"plate-ps\"", "", "mold"),
        ("port = \"press\"", "port = 3", "port"),
        (
            "[[limit]]",
            "[press_port]\nprofile = \"p.toml\"\nlimit.hold_time = { low_s = 1 }\n[[limit]]",
            "press_port.limit.hold_time.high_s",
        ),
        (
            "[[limit]]",
            "[output]\nnode = \"pres\"\n[[limit]]",
            "output.node",
        ),
        (
            "[[limit]]",
            "[output]\nnode = \"press\"\nvalid_s = 61\n[[limit]]",
            "output.valid_s",
        ),
        (
            "[[limit]]",
            "[verdict]\nprobability = 95\n[[limit]]",
            "verdict.probability",
        ),
        (
            "[[limit]]",
            "[transfer]\nnode = \"press\"\ninjected_volume_cm3 = 11.0\n[[limit]]",
            "transfer.node: has no channel with feeds = \"screw_position\"",
        ),
    ] {
        let error = read(&GOOD.replace(from, to)).unwrap_err();
        assert!(
            error.contains("moldsight.toml") && error.contains(told),
            "{error}"
        );
        assert!(!error.contains('\n'), "{error}");
    }
}

const STEERED: &str = r#"
mold = "plate-ps"
data = "records"
[[node]]
port = "press"
[[node.channel]]
name = "screw position"
feeds = "screw_position"
[[node.channel]]
name = "injection active"
feeds = "injection_signal"
[[node.channel]]
name = "transfer"
feeds = "transfer_signal"
[press_port]
profile = "p.toml"
mode = "correct"
[press_port.limit.transfer_volume]
low_cm3 = 10.5
high_cm3 = 12.0
step_cm3 = 1.0
per_hour_cm3 = 4.0
[transfer]
node = "press"
injected_volume_cm3 = 11.0
"#;

#[test]
fn a_transfer_needs_screw_signals_press_limits_and_one_law() {
    let good = read(STEERED).unwrap();
    assert!(good.transfer.unwrap().node.is_absolute());
    for (from, to, told) in [
        (
            "feeds = \"screw_position\"",
            "feeds = \"nothing\"",
            "screw_position",
        ),
        (
            "feeds = \"injection_signal\"",
            "feeds = \"nothing\"",
            "injection_signal",
        ),
        (
            "feeds = \"transfer_signal\"",
            "feeds = \"nothing\"",
            "transfer_signal",
        ),
        (
            "[transfer]\nnode = \"press\"",
            "[transfer]\nnode = \"other\"",
            "transfer.node",
        ),
        ("mode = \"correct\"", "mode = \"advise\"", "press_port"),
        (
            "limit.transfer_volume",
            "limit.injection_rate",
            "press_port.limit",
        ),
        (
            "injected_volume_cm3 = 11.0",
            "injected_volume_cm3 = 10.0",
            "10.500 to 12.000",
        ),
        ("injected_volume_cm3 = 11.0", "", "one law must be given"),
        (
            "injected_volume_cm3 = 11.0",
            "place = \"p2\"",
            "transfer.pressure_mpa",
        ),
        (
            "injected_volume_cm3 = 11.0",
            "pressure_mpa = 20.0",
            "transfer.place",
        ),
        (
            "injected_volume_cm3 = 11.0",
            "injected_volume_cm3 = 11.0\nplace = \"p2\"",
            "only one law",
        ),
        (
            "injected_volume_cm3 = 11.0",
            "injected_volume_cm3 = 11.0\nwindow_s = 60.0",
            "transfer.window_s",
        ),
        (
            "injected_volume_cm3 = 11.0",
            "injected_volum_cm3 = 11.0",
            "injected_volum_cm3",
        ),
    ] {
        let error = read(&STEERED.replace(from, to)).unwrap_err();
        assert!(
            error.contains("moldsight.toml") && error.contains(told),
            "{from}: {error}"
        );
        assert!(!error.contains('\n'), "{error}");
    }
}
