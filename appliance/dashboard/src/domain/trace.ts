// The running shot on a fixed time grid. Memory is the same after one shot and after a year of them.
import type { Course, LiveSnapshot, Phase } from "../api/types.ts";

/** Grid step, s: finer than the fifteen snapshots a second that fill it. */
export const STEP_S = 0.04;
/** Longest shot drawn, s. */
export const LONGEST_S = 120;
const CELLS = Math.round(LONGEST_S / STEP_S);

/** One value over the shot; NaN where nothing is known. */
export class Lane {
  readonly values = new Float32Array(CELLS).fill(NaN);
  private last = -1;

  clear(): void {
    this.values.fill(NaN);
    this.last = -1;
  }

  /** Writes a value and joins it to the one before, unless too much time lies between. */
  write(cell: number, value: number | null): void {
    if (cell < 0 || cell >= CELLS) return;
    if (value === null || !Number.isFinite(value)) {
      this.last = -1;
      return;
    }
    const gap = cell - this.last;
    const from = this.last >= 0 ? (this.values[this.last] ?? NaN) : NaN;
    if (this.last >= 0 && gap > 0 && gap * STEP_S <= 1) {
      for (let i = 1; i < gap; i += 1) this.values[this.last + i] = from + ((value - from) * i) / gap;
    }
    this.values[cell] = value;
    this.last = cell;
  }

  /** Writes what came before the values that are there. */
  writeBefore(timeS: number[], values: (number | null)[]): void {
    const last = this.last;
    this.last = -1;
    timeS.forEach((time, i) => this.write(Math.round(time / STEP_S), values[i] ?? null));
    this.last = Math.max(this.last, last);
  }
}

export interface SensorTrace {
  measured: Lane;
  estimate: Lane;
  sd: Lane;
}

export interface PhaseMark {
  phase: Phase;
  at: number;
}

/** Everything drawn of the running shot. */
export class ShotTrace {
  shot = -1;
  time = 0;
  phases: PhaseMark[] = [];
  readonly sensors = new Map<string, SensorTrace>();

  /** Takes a snapshot in; true when a new shot began. Idle snapshots leave the finished shot standing. */
  take(snapshot: LiveSnapshot): boolean {
    if (snapshot.phase === "idle") return false;
    const fresh = snapshot.shot !== this.shot || snapshot.shot_time_s < this.time - 0.5;
    if (fresh) this.restart(snapshot.shot, snapshot.readings);
    this.time = snapshot.shot_time_s;
    const cell = Math.round(snapshot.shot_time_s / STEP_S);
    if (this.phases.at(-1)?.phase !== snapshot.phase) this.phases.push({ phase: snapshot.phase, at: snapshot.shot_time_s });
    for (const reading of snapshot.readings) {
      const trace = this.sensor(reading.sensor);
      trace.measured.write(cell, reading.measured);
      trace.estimate.write(cell, reading.estimate);
      trace.sd.write(cell, reading.sd);
    }
    return fresh;
  }

  /** Takes what the box knows of the shot from before this page looked on. */
  catchUp(course: Course): void {
    const end = course.curves[0]?.time_s.at(-1);
    if (end === undefined || course.shot < this.shot) return;
    if (course.shot !== this.shot) {
      this.restart(course.shot, course.curves);
      this.time = end;
    }
    const since = this.phases.filter((mark) => mark.at > end);
    this.phases = [...course.phases.map(([phase, at]) => ({ phase, at })), ...since];
    for (const curve of course.curves) {
      const trace = this.sensor(curve.sensor);
      trace.measured.writeBefore(curve.time_s, curve.measured);
      trace.estimate.writeBefore(curve.time_s, curve.estimate);
      trace.sd.writeBefore(curve.time_s, curve.sd);
    }
  }

  private sensor(name: string): SensorTrace {
    let trace = this.sensors.get(name);
    if (trace === undefined) {
      trace = { measured: new Lane(), estimate: new Lane(), sd: new Lane() };
      this.sensors.set(name, trace);
    }
    return trace;
  }

  private restart(shot: number, sensors: { sensor: string }[]): void {
    this.shot = shot;
    this.phases = [];
    // A mold changed while the page was open must not leave its sensors behind.
    const names = new Set(sensors.map((one) => one.sensor));
    for (const [name, trace] of this.sensors) {
      if (!names.has(name)) this.sensors.delete(name);
      else for (const lane of [trace.measured, trace.estimate, trace.sd]) lane.clear();
    }
  }
}
