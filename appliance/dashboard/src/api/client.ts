// One way to talk to the box: JSON over fetch, the CSRF value on every unsafe method, errors as RFC 9457.
import type { Session } from "./records.ts";

/** A refused or failed request. `status` is 0 when the box did not answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly key: string,
    readonly detail: string,
  ) {
    super(detail || key);
    this.name = "ApiError";
  }
}

const BASE = "/api/v1";
let csrf = "";
let onLogout: () => void = () => undefined;

/** Remembers the value every unsafe request has to carry. */
export function useCsrf(value: string): void {
  csrf = value;
}

/** Called when the box says that the session is over. */
export function whenLoggedOut(call: () => void): void {
  onLogout = call;
}

/** Address of a resource, for links and images. */
export const address = (path: string): string => `${BASE}${path}`;

interface Problem {
  title?: string;
  detail?: string;
  key?: string;
}

async function refuse(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as Problem;
  return new ApiError(response.status, problem.key ?? `http.${response.status}`, problem.detail ?? problem.title ?? "");
}

/** Sends a request; undefined for an empty answer. Passwords in a refused login are not the end of a session. */
export async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers = new Headers({ accept: "application/json" });
  const form = body instanceof FormData;
  if (body !== undefined && !form) headers.set("content-type", "application/json");
  if (method !== "GET") headers.set("x-csrf-token", csrf);
  let response: Response;
  try {
    const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
    if (body !== undefined) init.body = form ? body : JSON.stringify(body);
    response = await fetch(address(path), init);
  } catch {
    throw new ApiError(0, "http.unreachable", "");
  }
  if (!response.ok) {
    const error = await refuse(response);
    if (response.status === 401 && !path.startsWith("/session")) onLogout();
    throw error;
  }
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export const get = <T>(path: string): Promise<T> => send<T>("GET", path);
export const put = <T = void>(path: string, body?: unknown): Promise<T> => send<T>("PUT", path, body);
export const post = <T = void>(path: string, body?: unknown): Promise<T> => send<T>("POST", path, body);
export const remove = (path: string): Promise<void> => send<void>("DELETE", path);

/** Query string of the values that are set. */
export function query(values: Record<string, string | number | null | undefined>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

export const login = (user: string, password: string): Promise<Session> => post<Session>("/session", { user, password });
