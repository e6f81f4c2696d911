// Is everything there that should be? What is wrong comes first, with what to do about it.
import type { JSX } from "preact";
import { get } from "../api/client.ts";
import type { CorrectionNow } from "../api/closing.ts";
import type { ChannelHealth, Health, NodeHealth, Problem } from "../api/types.ts";
import { bytes, dateTime, fixed, seconds } from "../domain/format.ts";
import { has, known, name, t } from "../i18n/index.ts";
import { useAsked } from "../state/load.ts";
import { mold } from "../state/live.ts";
import { language } from "../state/prefs.ts";
import { Mark, severityTone, Shape, type Tone } from "../ui/marks.tsx";
import { Fact, PageHead, Panel } from "../ui/panel.tsx";
import { Quantity } from "../ui/quantity.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { PressLinkPanel } from "./press-link.tsx";

export function HealthPage(): JSX.Element {
  const asked = useAsked("health", () => get<Health>("/health"), 3000);
  return (
    <>
      <PageHead title={t("page.health")} />
      <Shown asked={asked}>
        {(health) => (
          <div class="health">
            <Problems problems={health.problems} />
            <div class="health-small">
              <TickPanel health={health} />
              <DiskPanel health={health} />
              <ClockPanel health={health} />
            </div>
            <Press health={health} />
            <Nodes nodes={health.nodes} />
            <VersionsPanel health={health} />
          </div>
        )}
      </Shown>
    </>
  );
}

/** What happened, what it means for parts, what to do. A key may come with or without its group. */
export function problemWords(problem: Problem): [string, string, string] {
  // A channel that feeds no sensor has the troubles of one.
  const named = problem.key.replace(/^problem\./, "");
  const plain = has(`problem.${named}.what`) ? named : named.replace(/^channel_/, "sensor_");
  const base = has(`problem.${plain}.what`) ? `problem.${plain}` : "problem.unknown";
  const values = { subject: problem.subject, key: plain.replaceAll("_", " ") };
  return [known(`${base}.what`, values) ?? "", known(`${base}.means`, values) ?? "", known(`${base}.do`, values) ?? ""];
}

function Problems({ problems }: { problems: Problem[] }): JSX.Element {
  if (problems.length === 0) {
    return (
      <Panel class="all-well">
        <Shape tone="good" />
        <div>
          <h2>{t("health.well")}</h2>
          <p>{t("health.well_means")}</p>
        </div>
      </Panel>
    );
  }
  return (
    <ul class="problems">
      {problems.map((problem) => {
        const [what, means, todo] = problemWords(problem);
        return (
          <li key={`${problem.key} ${problem.subject}`} class={`problem tone-${severityTone(problem.severity)}`}>
            <Shape tone={severityTone(problem.severity)} />
            <div>
              <h2>{what}</h2>
              <p class="note">
                {t(`severity.${problem.severity}`)} · {t("health.since", { time: dateTime(problem.since_ms, language.value) })}
              </p>
            </div>
            <dl>
              <dt>{t("health.means")}</dt>
              <dd>{means}</dd>
              <dt>{t("health.do")}</dt>
              <dd class="todo">{todo}</dd>
            </dl>
          </li>
        );
      })}
    </ul>
  );
}

function Status({ title, tone, word, children }: { title: string; tone: Tone; word: string; children: JSX.Element }): JSX.Element {
  return (
    <Panel title={title} aside={<Mark tone={tone}>{word}</Mark>}>
      {children}
    </Panel>
  );
}

function TickPanel({ health: { tick } }: { health: Health }): JSX.Element {
  const good = tick.real_time && tick.locked && tick.p99_s * tick.rate_hz < 0.5;
  // Nothing ticks before a node sends: that is neither in time nor late.
  const [tone, word]: [Tone, string] = tick.rate_hz < 1 ? ["learning", t("health.waiting")] : good ? ["good", t("health.in_time")] : ["watch", t("health.not_sure")];
  return (
    <Status title={t("health.tick")} tone={tone} word={word}>
      <dl class="facts">
        <Fact label={t("health.rate")}>{fixed(tick.rate_hz, 0)} Hz</Fact>
        <Fact label={t("health.cost")}>
          {seconds(tick.mean_s)}
        </Fact>
        <Fact label={t("health.p99")}>{seconds(tick.p99_s)}</Fact>
        <Fact label={t("health.priority")}>{tick.real_time ? t("health.granted") : t("health.not_granted")}</Fact>
        <Fact label={t("health.memory")}>{tick.locked ? t("health.locked") : t("health.not_locked")}</Fact>
        <Fact label={t("health.core")}>{tick.core === null ? t("health.any_core") : String(tick.core)}</Fact>
        <Fact label={t("health.late")}>{tick.late}</Fact>
      </dl>
    </Status>
  );
}

function DiskPanel({ health: { disk } }: { health: Health }): JSX.Element {
  if (disk === null) {
    return (
      <Status title={t("health.disk")} tone="watch" word={t("health.none")}>
        <p class="note">{t("health.no_disk")}</p>
      </Status>
    );
  }
  const share = disk.budget_bytes > 0 ? Math.min(1, disk.used_bytes / disk.budget_bytes) : 0;
  const recording = disk.state === "recording";
  return (
    <Status title={t("health.disk")} tone={recording ? "good" : "bad"} word={known(`disk.state.${disk.state}`) ?? disk.state}>
      <>
        <div class="meter tall" role="img" aria-label={t("health.used", { used: bytes(disk.used_bytes), budget: bytes(disk.budget_bytes) })}>
          <div style={{ transform: `scaleX(${share.toFixed(3)})` }} />
        </div>
        <dl class="facts">
          <Fact label={t("health.records")}>{t("health.used", { used: bytes(disk.used_bytes), budget: bytes(disk.budget_bytes) })}</Fact>
          <Fact label={t("health.free")}>{bytes(disk.free_bytes)}</Fact>
          <Fact label={t("health.dropped")}>{disk.dropped}</Fact>
        </dl>
        <p class="note">
          <code>{disk.path}</code>
        </p>
      </>
    </Status>
  );
}

function ClockPanel({ health: { clock } }: { health: Health }): JSX.Element {
  if (clock === null) {
    return (
      <Status title={t("health.clock")} tone="learning" word={t("health.waiting")}>
        <p class="note">{t("health.no_clock")}</p>
      </Status>
    );
  }
  return (
    <Status title={t("health.clock")} tone={clock.wall_jumped ? "watch" : "good"} word={clock.wall_jumped ? t("health.jumped") : t("health.steady")}>
      <dl class="facts">
        <Fact label={t("health.drift")}>{fixed(clock.drift_ppm, 1)} ppm</Fact>
        <Fact label={t("health.stamp")}>± {seconds(clock.uncertainty_s)}</Fact>
      </dl>
    </Status>
  );
}

/** The link as the corrections see it; before they answer, what the health of the box says of it. */
function Press({ health: { press } }: { health: Health }): JSX.Element {
  const asked = useAsked("press-link", () => get<CorrectionNow>("/correction"), 3000);
  if (asked.state.kind === "there") return <PressLinkPanel link={asked.state.value.press} />;
  return (
    <Status title={t("health.press")} tone="learning" word={known(`press.state.${press.state}`) ?? press.state}>
      <p class="note">{known(`press.port.${press.port}`) ?? press.port}</p>
    </Status>
  );
}

function Nodes({ nodes }: { nodes: NodeHealth[] }): JSX.Element {
  if (nodes.length === 0) {
    return (
      <Panel title={t("health.nodes")}>
        <Empty title={t("health.no_nodes")}>{t("health.no_nodes_do")}</Empty>
      </Panel>
    );
  }
  return (
    <>
      {nodes.map((node) => (
        <Panel
          key={node.id}
          title={t("health.node", { id: node.id })}
          note={`${node.port} · ${node.build}`}
          aside={<Mark tone={node.connected ? "good" : "bad"}>{node.connected ? t("health.connected") : t("health.lost")}</Mark>}
        >
          <p class="node-counts">
            <span>
              {t("health.frames")} <b>{node.frames.toLocaleString("en-US").replaceAll(",", "\u202f")}</b>
            </span>
            <span class={node.gaps > 0 ? "raised" : ""}>
              {t("health.gaps")} <b>{node.gaps}</b>
            </span>
            <span class={node.damaged > 0 ? "raised" : ""}>
              {t("health.damaged")} <b>{node.damaged}</b>
            </span>
          </p>
          <div class="table-scroll">
            <table>
              <thead>
                <tr>
                  <th>{t("health.channel")}</th>
                  <th>{t("health.sensor")}</th>
                  <th class="number">{t("health.rate")}</th>
                  <th class="number">{t("health.last")}</th>
                  <th class="number">{t("health.noise")}</th>
                  <th>{t("health.state")}</th>
                </tr>
              </thead>
              <tbody>
                {node.channels.map((channel) => (
                  <ChannelLine key={channel.name} channel={channel} />
                ))}
              </tbody>
            </table>
          </div>
        </Panel>
      ))}
    </>
  );
}

function ChannelLine({ channel }: { channel: ChannelHealth }): JSX.Element {
  const sensor = mold.value?.sensors.find((one) => one.name === channel.sensor);
  const unit = sensor === undefined ? splitGuess(channel.name) : sensor.kind === "pressure" ? "Pa" : "K";
  return (
    <tr>
      <th scope="row">{channel.name}</th>
      <td>{channel.sensor ?? <span class="note">{t("health.unused")}</span>}</td>
      <td class="number">{fixed(channel.rate_hz, 0)} Hz</td>
      <td class="number">
        <Quantity value={channel.last} sd={null} unit={unit} />
      </td>
      <td class="number">{channel.noise === null ? "–" : <Noise value={channel.noise} unit={unit} />}</td>
      <td>
        {channel.faults.length === 0 ? <Mark tone="good">{t("health.channel_well")}</Mark> : <Mark tone="bad">{channel.faults.map((fault) => name("fault", fault)).join(", ")}</Mark>}
      </td>
    </tr>
  );
}

/** Quantities of the wire by the name of a channel, where the mold has no such sensor. */
const splitGuess = (channel: string): string => (channel.includes("temp") ? "K" : channel.includes("screw") || channel.includes("position") ? "m" : "Pa");

/** Noise is small: shown in the unit one step below. */
function Noise({ value, unit }: { value: number; unit: string }): JSX.Element {
  if (unit === "Pa") return <>{fixed(value / 1e3, 1)}{"\u202f"}kPa</>;
  if (unit === "m") return <>{fixed(value * 1e6, 0)}{"\u202f"}µm</>;
  return <>{fixed(value, 2)}{"\u202f"}K</>;
}

function VersionsPanel({ health: { versions, uptime_s } }: { health: Health }): JSX.Element {
  const hours = Math.floor(uptime_s / 3600);
  return (
    <Panel title={t("health.versions")}>
      <dl class="facts wide">
        <Fact label={t("health.program")}>{versions.moldsight}</Fact>
        <Fact label={t("health.commit")}>
          <code>{versions.commit.slice(0, 12)}</code>
        </Fact>
        <Fact label={t("health.release")}>{versions.release ?? t("health.no_release")}</Fact>
        <Fact label={t("health.uptime")}>{t("health.hours", { days: Math.floor(hours / 24), hours: hours % 24, minutes: Math.floor((uptime_s % 3600) / 60) })}</Fact>
      </dl>
    </Panel>
  );
}
