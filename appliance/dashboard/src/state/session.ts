// Who is logged in, and what that lets them do.
import { signal } from "@preact/signals";
import { ApiError, get, login, put, remove, useCsrf, whenLoggedOut } from "../api/client.ts";
import type { Session } from "../api/records.ts";
import type { Role } from "../api/types.ts";

export type SessionState = { kind: "checking" } | { kind: "out"; ended: boolean } | { kind: "in"; session: Session } | { kind: "unreachable" };

export const session = signal<SessionState>({ kind: "checking" });

const RANK: Record<Role, number> = { viewer: 0, operator: 1, engineer: 2 };

/** True when the user's role is at least this one. */
export function may(role: Role): boolean {
  return session.value.kind === "in" && RANK[session.value.session.role] >= RANK[role];
}

function enter(found: Session): void {
  useCsrf(found.csrf);
  session.value = { kind: "in", session: found };
}

/** Asks the box who we are, at start and after it was away. */
export async function restore(): Promise<void> {
  try {
    enter(await get<Session>("/session"));
  } catch (error) {
    session.value = error instanceof ApiError && error.status !== 0 && error.status < 500 ? { kind: "out", ended: false } : { kind: "unreachable" };
  }
}

export async function enterWith(user: string, password: string): Promise<void> {
  enter(await login(user, password));
}

export async function leave(): Promise<void> {
  await remove("/session").catch(() => undefined);
  useCsrf("");
  session.value = { kind: "out", ended: false };
}

export async function changePassword(old: string, fresh: string): Promise<void> {
  await put("/session/password", { old, new: fresh });
  // The box may have renewed the session with the password.
  await restore();
}

whenLoggedOut(() => {
  if (session.value.kind === "in") session.value = { kind: "out", ended: true };
});
