import type { Health } from "../../src/api/types.ts";
import { normal } from "./random.ts";
import type { Scenario } from "./scenario.ts";

const STARTED = Date.now() - 3 * 86_400_000 - 4_000_000;

export function health({ problems, noSensors, press, silent }: Scenario): Health {
  const beat = Math.round(Date.now() / 1000);
  const channel = (name: string, sensor: string | null, last: number, noise: number) => ({ name, sensor, rate_hz: 2000 + 0.2 * normal(beat, 1), last: sensor !== null && sensor === silent ? null : last, noise, faults: sensor !== null && sensor === silent ? ["silent"] : [] });
  return {
    problems,
    nodes: noSensors
      ? []
      : [
          {
            id: "4f21-a0",
            build: "firmware-node 0.4.1",
            port: "/dev/ttyACM0",
            connected: true,
            frames: 71_204_112,
            gaps: 3,
            damaged: 0,
            channels: [channel("ch0", "nozzle", 0.13e6, 21e3), channel("ch1", "p1", 0.11e6, 14e3), channel("screw_position", null, 0.0412, 4e-6), channel("mold_temp", null, 323.3, 0.04)],
          },
        ],
    clock: noSensors ? null : { drift_ppm: 11.8, uncertainty_s: 0.00021, wall_jumped: problems.some((one) => one.key === "problem.clock_jumped") },
    disk: { path: "/var/lib/moldsight", free_bytes: 41_800_000_000, used_bytes: 7_210_000_000, budget_bytes: 32_000_000_000, state: problems.some((one) => one.key === "problem.disk_full") ? "paused_full" : "recording", dropped: 0 },
    tick: { rate_hz: 2000, mean_s: 41e-6, p99_s: 96e-6, real_time: true, locked: true, core: 3, late: 2 },
    press: press ? { port: "opcua", state: "connected", age_s: 0.4 } : { port: "none", state: "off", age_s: null },
    versions: { moldsight: "0.5.0", commit: "f3314870c2a9d1b6", release: "plate-ps-001" },
    uptime_s: (Date.now() - STARTED) / 1000,
  };
}
