// Accounts, tokens, log, setup and audit, in memory.
import type { AuditEntry, LogEntry, Session, Setup, TokenView, UserView } from "../../src/api/records.ts";
import type { Role } from "../../src/api/types.ts";

interface Account extends UserView {
  password: string;
}

const DAY = 86_400_000;
const now = Date.now();

export class People {
  readonly accounts: Account[] = [
    { name: "jiwoo", role: "engineer", created_ms: now - 40 * DAY, last_login_ms: now - 3600e3, must_change_password: false, password: "engineer-pass" },
    { name: "minho", role: "operator", created_ms: now - 39 * DAY, last_login_ms: now - 2 * 3600e3, must_change_password: false, password: "operator-pass" },
    { name: "sora", role: "viewer", created_ms: now - 12 * DAY, last_login_ms: now - DAY, must_change_password: false, password: "viewer-pass1" },
    { name: "newcomer", role: "operator", created_ms: now - DAY, last_login_ms: null, must_change_password: true, password: "first-password" },
  ];
  readonly tokens: TokenView[] = [{ id: 1, name: "plant database", role: "viewer", created_by: "jiwoo", created_ms: now - 20 * DAY, last_used_ms: now - 300e3, expires_ms: now + 300 * DAY }];
  readonly sessions = new Map<string, string>();
  readonly photos = new Map<number, { type: string; bytes: Buffer }>();
  readonly log: LogEntry[] = [
    { id: 4, wall_ms: now - 600e3, user: "minho", kind: "defect", text: "게이트 반대쪽 리브 위, 캐비티 1", lot: null, defect: "sink_mark", shot: 1806, photo: null },
    { id: 3, wall_ms: now - 720e3, user: "minho", kind: "lot", text: "", lot: "2411-3", defect: null, shot: null, photo: null },
    { id: 2, wall_ms: now - 5400e3, user: "jiwoo", kind: "action", text: "Cleaned the vents, checked the nozzle seat.", lot: null, defect: null, shot: 1560, photo: null },
    { id: 1, wall_ms: now - 5600e3, user: "jiwoo", kind: "note", text: "First shots after the mold change. Coolant at 48 °C on both sides.", lot: null, defect: null, shot: 1541, photo: null },
  ];
  readonly trail: AuditEntry[] = [
    { id: 5, wall_ms: now - 500e3, user: "jiwoo", action: "mode", detail: "observe to advise" },
    { id: 4, wall_ms: now - 3600e3, user: "jiwoo", action: "login", detail: "from 10.2.0.14" },
    { id: 3, wall_ms: now - 3650e3, user: "-", action: "login_refused", detail: "jiwo from 10.2.0.14" },
    { id: 2, wall_ms: now - 5000e3, user: "jiwoo", action: "setup", detail: "limits of part_weight" },
    { id: 1, wall_ms: now - 6000e3, user: "jiwoo", action: "release", detail: "plate-ps-001" },
  ];
  setup: Setup = {
    mold: "plate-ps",
    material: "ps_styron678e",
    molds: ["plate-ps", "strip-ps", "disc", "two-cavity"],
    materials: ["ps_styron678e", "pp_example"],
    mold_sensors: ["nozzle", "p1", "p2", "p3", "t2", "t3"],
    sensors: [
      { channel: "ch0", sensor: "nozzle", scale: null, offset: null, used: true },
      { channel: "ch1", sensor: "p1", scale: 2_000_000, offset: null, used: true },
      { channel: "screw_position", sensor: null, scale: null, offset: null, used: true },
      { channel: "mold_temp", sensor: null, scale: null, offset: -0.4, used: false },
    ],
    limits: [
      { name: "part_weight", lower: 0.01155, upper: 0.0117, unit: "kg" },
      { name: "end_of_fill_pressure", lower: 30e6, upper: 48e6, unit: "Pa" },
      { name: "core_at_ejection", lower: null, upper: 369.15, unit: "K" },
    ],
    cycle: { cycle_s: 19, melt_k: 503.15, wall_k: 323.15, injection_rate_m3_per_s: 2.5e-5, hold_pressure_pa: 45e6, hold_time_s: 6, cooling_time_s: 9 },
    releases: [
      { name: "plate-ps-001", mold: "plate-ps", used: true },
      { name: "strip-ps-001", mold: "strip-ps", used: false },
    ],
    restart_needed: false,
  };

  view({ password: _, ...user }: Account): UserView {
    return user;
  }

  session(secret: string | undefined): Session | null {
    const account = this.accounts.find((one) => one.name === this.sessions.get(secret ?? ""));
    return account === undefined ? null : { user: account.name, role: account.role, csrf: `csrf-${account.name}`, must_change_password: account.must_change_password };
  }

  record(user: string, action: string, detail: string): void {
    this.trail.unshift({ id: this.trail.length + 1, wall_ms: Date.now(), user, action, detail });
  }
}

const RANK: Record<Role, number> = { viewer: 0, operator: 1, engineer: 2 };
export const atLeast = (role: Role, needed: Role): boolean => RANK[role] >= RANK[needed];
