// Which colour a sensor has: its place among the sensors of its kind, everywhere the same.
import type { SensorKind, SensorView } from "../api/types.ts";
import type { SensorInk } from "../charts/curve-data.ts";

export const INKS = 6;

export const sensorInks = (sensors: readonly SensorView[], kind: SensorKind): SensorInk[] =>
  sensors.filter((sensor) => sensor.kind === kind).map((sensor, i) => ({ name: sensor.name, ink: i % INKS }));
