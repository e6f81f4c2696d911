// A box that does not exist, for development and the browser tests: the API of the contract over HTTP,
// the built dashboard under the same strict headers as the real one.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import type { Role } from "../../src/api/types.ts";
import { correction, decision, PAST, past, press, TARGETS, targets, THUMBPRINT, waiting, waits, whatIf } from "./closing.ts";
import { health } from "./health.ts";
import { atLeast, People } from "./people.ts";
import { CYCLE_S, EJECT_S, MOLD } from "./plate.ts";
import { course, detail, FIRST_SHOT, row, snapshot } from "./press.ts";
import { START, type Scenario } from "./scenario.ts";
import { whiteBox } from "./whitebox.ts";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));
const SHOT = 1842;
const POLICY = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const PER_SECOND = 15;

class Refused extends Error {
  constructor(
    readonly status: number,
    readonly key: string,
    detail = "",
  ) {
    super(detail);
  }
}

export class FakeBox {
  readonly people = new People();
  scenario: Scenario = { ...START };
  private reference = 1780;
  private aims = TARGETS;
  private readonly started = Date.now();
  private readonly server: Server = createServer((request, response) => void this.answer(request, response));
  private readonly streams = new Set<ServerResponse>();

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : port}`;
  }

  /** Changes what the box is in; open streams begin anew so that a held shot comes with its past. */
  set(change: Partial<Scenario>): void {
    this.scenario = { ...this.scenario, ...change };
    for (const stream of this.streams) stream.destroy();
  }

  close(): Promise<void> {
    for (const stream of this.streams) stream.destroy();
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private now(): { shot: number; time: number; ms: number } {
    if (this.scenario.at !== null) return { shot: SHOT, time: this.scenario.at, ms: Date.now() };
    const elapsed = (Date.now() - this.started) / 1000;
    return { shot: SHOT + Math.floor(elapsed / CYCLE_S), time: elapsed % CYCLE_S, ms: Date.now() };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://box");
    if (this.scenario.away) return void request.socket.destroy();
    response.setHeader("content-security-policy", POLICY);
    response.setHeader("x-content-type-options", "nosniff");
    try {
      if (url.pathname.startsWith("/api/v1/")) await this.api(request, response, url);
      else await this.page(response, url.pathname);
    } catch (error) {
      const refused = error instanceof Refused ? error : new Refused(500, "failed", String(error));
      response.writeHead(refused.status, { "content-type": "application/problem+json" });
      response.end(JSON.stringify({ type: "about:blank", title: refused.key, status: refused.status, detail: refused.message, key: refused.key }));
    }
  }

  private async page(response: ServerResponse, path: string): Promise<void> {
    const file = normalize(path === "/" ? "/index.html" : path);
    try {
      const bytes = await readFile(join(DIST, file));
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
      response.end(bytes);
    } catch {
      response.writeHead(404);
      response.end();
    }
  }

  private async api(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname.slice("/api/v1".length);
    const method = request.method ?? "GET";
    const secret = /moldsight_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
    const body = await read(request);
    const json = <T>(): T => JSON.parse(body.toString("utf8")) as T;
    const send = (value: unknown, status = 200): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };

    if (path === "/session" && method === "POST") {
      const { user, password } = json<{ user: string; password: string }>();
      const account = this.people.accounts.find((one) => one.name === user && one.password === password);
      if (account === undefined) throw new Refused(401, "wrong_password");
      const fresh = randomBytes(16).toString("hex");
      this.people.sessions.set(fresh, account.name);
      response.setHeader("set-cookie", `moldsight_session=${fresh}; HttpOnly; SameSite=Strict; Path=/`);
      return send(this.people.session(fresh));
    }
    const session = this.people.session(secret);
    if (session === null) throw new Refused(401, "login_needed");
    if (method !== "GET" && request.headers["x-csrf-token"] !== session.csrf) throw new Refused(403, "csrf");
    const need = (role: Role): void => {
      if (!atLeast(session.role, role)) throw new Refused(403, "role");
    };
    const whole = (name: string, fallback: number): number => Number(url.searchParams.get(name) ?? fallback);
    const { scenario, people } = this;
    const now = this.now();
    const route = `${method} ${path}`;
    const account = people.accounts.find((one) => one.name === session.user);

    if (route === "GET /session") return send(session);
    if (route === "DELETE /session") {
      people.sessions.delete(secret ?? "");
      return send({});
    }
    if (route === "PUT /session/password") {
      const { old, new: fresh } = json<{ old: string; new: string }>();
      if (account === undefined || account.password !== old) throw new Refused(401, "wrong_password");
      account.password = fresh;
      account.must_change_password = false;
      return send({});
    }
    if (session.must_change_password) throw new Refused(403, "password_change_needed");
    if (route === "GET /live") return this.stream(request, response);
    if (route === "GET /live/latest") return send(snapshot(0, now.shot, now.time, scenario));
    if (route === "GET /live/course") return send(course(now.shot, now.time, scenario));
    if (route === "GET /mold") return send(scenario.noSensors ? { ...MOLD, sensors: [] } : MOLD);
    if (route === "GET /health") return send(health(scenario));
    if (route === "GET /whitebox") return send(whiteBox(now.shot - 1, whole("shots", 100), scenario.empty));
    if (route === "GET /reference") {
      if (scenario.empty) throw new Refused(404, "not_found");
      return send(detail(this.reference, now, 800));
    }
    if (route === "GET /shots") return send(this.shots(url));
    const one = /^\/shots\/(\d+)(\/labels)?$/.exec(path);
    if (one !== null) {
      const shot = Number(one[1]);
      if (shot < FIRST_SHOT || shot >= now.shot || scenario.empty) throw new Refused(404, "not_found");
      if (method === "PUT") {
        need("operator");
        return send({});
      }
      return send(detail(shot, now, whole("points", 800)));
    }
    if (method === "PUT" && path.startsWith("/reference/")) {
      need("engineer");
      this.reference = Number(path.split("/")[2]);
      return send({});
    }
    if (route === "GET /trends") return send(this.trend(url.searchParams.get("feature") ?? "", whole("last", 200)));
    if (route === "PUT /mode") {
      need("operator");
      if (!scenario.press) throw new Refused(409, "no_press_port");
      Object.assign(this.scenario, { mode: json<{ mode: Scenario["mode"] }>().mode, guard: "free" });
      people.record(session.user, "mode", this.scenario.mode);
      return send({});
    }
    if (path === "/correction" || path.startsWith("/correction/") || path.startsWith("/corrections")) return send(this.closing(route, session.user, need, json, url, now.shot));
    if (route === "POST /what-if") {
      const found = whatIf(now.shot, json<{ changes: Record<string, number> }>().changes);
      if (typeof found === "string") throw new Refused(422, "invalid", found);
      return send(found);
    }
    if (route === "GET /press") return send(press(scenario));
    if (route === "POST /press/pin") {
      need("engineer");
      if (json<{ thumbprint: string }>().thumbprint !== THUMBPRINT) throw new Refused(409, "other_certificate", THUMBPRINT);
      this.scenario.pinned = THUMBPRINT;
      return send(press(this.scenario));
    }
    if (route === "GET /targets") return send(targets(this.aims, this.reference, scenario.empty));
    if (route === "PUT /targets") {
      need("engineer");
      this.aims = json<{ targets: typeof TARGETS }>().targets;
      return send(targets(this.aims, this.reference, scenario.empty));
    }
    if (route === "GET /log") return send({ entries: scenario.empty ? [] : people.log, next: null });
    if (route === "POST /log") {
      need("operator");
      return send(this.write(request, body, session.user), 201);
    }
    const photo = /^\/log\/(\d+)\/photo$/.exec(path);
    if (photo !== null) {
      const found = people.photos.get(Number(photo[1]));
      if (found === undefined) throw new Refused(404, "not_found");
      response.writeHead(200, { "content-type": found.type });
      return void response.end(found.bytes);
    }
    if (route === "GET /setup") return send(people.setup);
    if (route === "PUT /setup") {
      need("engineer");
      people.setup = { ...people.setup, ...json<Partial<typeof people.setup>>(), restart_needed: true };
      people.record(session.user, "setup", "changed");
      return send(people.setup);
    }
    need("engineer");
    if (route === "POST /releases") {
      if (!body.includes("model.toml")) throw new Refused(422, "invalid", "`release`: has no model.toml");
      people.setup = { ...people.setup, releases: [...people.setup.releases, { name: "disc-001", mold: "disc", used: false }] };
      return send({ name: "disc-001" }, 201);
    }
    if (route === "GET /users") return send(people.accounts.map((one) => people.view(one)));
    if (route === "POST /users") {
      const { name, role } = json<{ name: string; role: Role }>();
      if (people.accounts.some((one) => one.name === name)) throw new Refused(409, "user_exists", "there is such an account");
      const made = { name, role, created_ms: Date.now(), last_login_ms: null, must_change_password: true, password: "drawn-by-the-box" };
      people.accounts.push(made);
      return send({ user: people.view(made), password: "plate-otter-lagoon-41" }, 201);
    }
    const user = people.accounts.find((one) => path === `/users/${one.name}`);
    if (user !== undefined) {
      if (method === "DELETE") {
        people.accounts.splice(people.accounts.indexOf(user), 1);
        return send({});
      }
      const change = json<{ role?: Role; reset?: boolean }>();
      user.role = change.role ?? user.role;
      return send({ user: people.view(user), password: change.reset === true ? "river-comet-sable-77" : null });
    }
    if (route === "GET /tokens") return send(people.tokens);
    if (route === "POST /tokens") {
      const { name, role } = json<{ name: string; role: Role }>();
      const token = { id: people.tokens.length + 1, name, role, created_by: session.user, created_ms: Date.now(), last_used_ms: null, expires_ms: null };
      people.tokens.push(token);
      return send({ token, secret: "ms_7Qm2xV9dKc4TzP1sLr8wYb3" }, 201);
    }
    if (method === "DELETE" && path.startsWith("/tokens/")) {
      people.tokens.splice(people.tokens.findIndex((token) => path === `/tokens/${token.id}`), 1);
      return send({});
    }
    if (route === "GET /audit") return send({ entries: people.trail, next: null, chain_ok: true });
    throw new Refused(404, "not_found");
  }

  private closing(route: string, user: string, need: (role: Role) => void, json: <T>() => T, url: URL, shot: number): unknown {
    const { scenario, people } = this;
    const one = /^GET \/corrections\/(\d+)$/.exec(route);
    if (one !== null) return Number(one[1]) > PAST ? waiting(shot, scenario) : past(Number(one[1]), shot, scenario);
    if (route === "GET /corrections") {
      if (scenario.empty || !scenario.press) return { decisions: [], next: null };
      const first = Math.min(PAST, Number(url.searchParams.get("before") ?? PAST + 1) - 1);
      const count = Math.min(first, Number(url.searchParams.get("limit") ?? 25));
      return { decisions: Array.from({ length: count }, (_, i) => past(first - i, shot, scenario)), next: first > count ? first - count + 1 : null };
    }
    if (route === "GET /correction") return correction(shot, scenario);
    need(route === "POST /correction/arm" ? "engineer" : "operator");
    const action = route.split("/").at(-1) ?? "";
    people.record(user, action, "");
    switch (action) {
      case "off":
        scenario.guard = "released";
        return {};
      case "arm":
        Object.assign(scenario, { guard: "free", letGo: null, mode: "advise" });
        return {};
      case "accept":
        scenario.guard = "free";
        return {};
      case "confirm":
      case "decline": {
        if (!waits(scenario) || scenario.expired) throw new Refused(409, "advice_gone");
        const { id } = json<{ id: number }>();
        scenario.advice = false;
        const state = action === "decline" ? "declined" : scenario.refuses !== null ? "refused" : "in_force";
        return { ...decision(id, shot - 1, scenario, Date.now(), state), refusal: scenario.refuses };
      }
      default:
        throw new Refused(404, "not_found");
    }
  }

  private shots(url: URL): unknown {
    if (this.scenario.empty) return { shots: [], next: null };
    const now = this.now();
    const limit = Number(url.searchParams.get("limit") ?? 50);
    const shots = [];
    let shot = Math.min(Number(url.searchParams.get("before") ?? now.shot), now.shot) - 1;
    for (; shot >= FIRST_SHOT && shots.length < limit; shot -= 1) {
      const found = row(shot, now);
      const lot = url.searchParams.get("lot");
      const verdict = url.searchParams.get("verdict");
      if ((lot === null || found.lot === lot) && (verdict === null || found.verdict === verdict)) shots.push(found);
    }
    return { shots, next: shot >= FIRST_SHOT ? shot + 1 : null };
  }

  private trend(feature: string, last: number): unknown {
    const now = this.now();
    const shots = this.scenario.empty ? [] : Array.from({ length: Math.min(last, now.shot - FIRST_SHOT) }, (_, i) => now.shot - Math.min(last, now.shot - FIRST_SHOT) + i);
    const rows = shots.map((shot) => row(shot, now));
    const line = rows[0]?.quality.find((one) => one.name === feature);
    return {
      feature,
      unit: line?.unit ?? ({ fill_time_s: "s", gate_freeze_s: "s", cushion_m3: "m3" } as Record<string, string>)[feature] ?? "Pa",
      shots,
      values: rows.map((one) => one.quality.find((each) => each.name === feature)?.value ?? one.features.find(([name]) => name === feature)?.[1] ?? null),
      sd: rows.map((one) => one.quality.find((each) => each.name === feature)?.sd ?? null),
      limits: line?.limits ?? [null, null],
    };
  }

  private write(request: IncomingMessage, body: Buffer, user: string): unknown {
    const id = this.people.log.length + 1;
    const type = request.headers["content-type"] ?? "";
    let fields: Record<string, string | number>;
    let photo: string | null = null;
    if (type.startsWith("multipart/")) {
      const parts = multipart(body, type);
      fields = Object.fromEntries(parts.filter((part) => part.name !== "photo").map((part) => [part.name, part.bytes.toString("utf8")]));
      const picture = parts.find((part) => part.name === "photo");
      if (picture !== undefined) {
        this.people.photos.set(id, { type: picture.type, bytes: picture.bytes });
        photo = `/api/v1/log/${id}/photo`;
      }
    } else fields = JSON.parse(body.toString("utf8")) as Record<string, string | number>;
    const entry = { id, wall_ms: Date.now(), user, kind: fields["kind"] as "note", text: String(fields["text"] ?? ""), lot: (fields["lot"] as string) ?? null, defect: (fields["defect"] as string) ?? null, shot: fields["shot"] === undefined ? null : Number(fields["shot"]), photo };
    this.people.log.unshift(entry);
    return entry;
  }

  private stream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    this.streams.add(response);
    let sequence = 0;
    const push = (shot: number, time: number): void => {
      response.write(`event: snapshot\ndata: ${JSON.stringify(snapshot(sequence, shot, time, this.scenario))}\n\n`);
      sequence += 1;
    };
    // The past of the shot first, so that a page just opened shows its curves in tests.
    const first = this.now();
    if (this.scenario.at !== null) for (let time = 0; time < Math.min(first.time, EJECT_S); time += 0.05) push(first.shot, time);
    const timer = setInterval(() => {
      const { shot, time } = this.now();
      push(shot, time);
    }, 1000 / PER_SECOND);
    request.on("close", () => {
      clearInterval(timer);
      this.streams.delete(response);
    });
    response.on("error", () => clearInterval(timer));
  }
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface Part {
  name: string;
  type: string;
  bytes: Buffer;
}

/** Just enough of RFC 7578 for what a browser sends. */
function multipart(body: Buffer, header: string): Part[] {
  const boundary = `--${/boundary=([^;]+)/.exec(header)?.[1] ?? ""}`;
  const parts: Part[] = [];
  let at = body.indexOf(boundary);
  while (at >= 0) {
    const next = body.indexOf(boundary, at + boundary.length);
    if (next < 0) break;
    const part = body.subarray(at + boundary.length + 2, next - 2);
    const split = part.indexOf("\r\n\r\n");
    const head = part.subarray(0, split).toString("utf8");
    parts.push({ name: /name="([^"]+)"/.exec(head)?.[1] ?? "", type: /content-type: (\S+)/i.exec(head)?.[1] ?? "text/plain", bytes: part.subarray(split + 4) });
    at = next;
  }
  return parts;
}
