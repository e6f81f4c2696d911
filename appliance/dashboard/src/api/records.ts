// Types of the API beside the pictures: sessions, the log, setup, accounts, audit.
import type { Role } from "./types.ts";

export interface Session {
  user: string;
  role: Role;
  csrf: string;
  must_change_password: boolean;
}

export type EntryKind = "lot" | "action" | "defect" | "note";

export interface LogEntry {
  id: number;
  wall_ms: number;
  user: string;
  kind: EntryKind;
  text: string;
  lot: string | null;
  defect: string | null;
  shot: number | null;
  /** Address of the photo, where there is one. */
  photo: string | null;
}

export interface LogPage {
  entries: LogEntry[];
  next: number | null;
}

export interface NewEntry {
  kind: EntryKind;
  text: string;
  lot?: string;
  defect?: string;
  shot?: number;
}

export interface SensorSetup {
  channel: string;
  sensor: string | null;
  scale: number | null;
  offset: number | null;
  used: boolean;
}

export interface Limit {
  name: string;
  lower: number | null;
  upper: number | null;
  unit: string;
}

/** The recipe as far as the press does not tell it itself. */
export interface CycleSetup {
  cycle_s: number | null;
  melt_k: number | null;
  wall_k: number | null;
  injection_rate_m3_per_s: number | null;
  hold_pressure_pa: number | null;
  hold_time_s: number | null;
  cooling_time_s: number | null;
}

export interface ReleaseLine {
  name: string;
  mold: string;
  used: boolean;
}

export interface SetupChange {
  mold: string;
  material: string;
  sensors: SensorSetup[];
  limits: Limit[];
  cycle: CycleSetup;
}

export interface Setup extends SetupChange {
  molds: string[];
  materials: string[];
  mold_sensors: string[];
  releases: ReleaseLine[];
  restart_needed: boolean;
}

export interface UserView {
  name: string;
  role: Role;
  created_ms: number;
  last_login_ms: number | null;
  must_change_password: boolean;
}

export interface UserMade {
  user: UserView;
  /** Its first password where the box chose it; shown once. */
  password: string | null;
}

export interface TokenView {
  id: number;
  name: string;
  role: Role;
  created_by: string;
  created_ms: number;
  last_used_ms: number | null;
  expires_ms: number | null;
}

export interface TokenMade {
  token: TokenView;
  /** Shown once, never again. */
  secret: string;
}

export interface AuditEntry {
  id: number;
  wall_ms: number;
  user: string;
  action: string;
  detail: string;
}

export interface AuditPage {
  entries: AuditEntry[];
  next: number | null;
  /** False when a line was changed or removed behind the box's back. */
  chain_ok: boolean;
}
