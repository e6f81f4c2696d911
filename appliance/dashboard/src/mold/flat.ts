// The mold seen from above, for screens without WebGL.
import type { MoldView } from "../api/types.ts";
import { colour, type Field } from "../domain/colormap.ts";
import { extent, frameOf } from "./frame.ts";
import type { SceneInk, Values } from "./scene.ts";

export class FlatMold {
  private width = 1;
  private height = 1;
  private values: Values = { field: null, filled: null, low: 0, high: 1 };
  private map: Field = "pressure";
  afterDraw: () => void = () => undefined;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly mold: MoldView,
    private readonly colours: SceneInk,
  ) {}

  home(): void {
    this.draw();
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.canvas.width = width * devicePixelRatio;
    this.canvas.height = height * devicePixelRatio;
    this.draw();
  }

  show(values: Values, map: Field): void {
    this.values = values;
    this.map = map;
    this.draw();
  }

  pin(index: number): { x: number; y: number } | null {
    const sensor = this.mold.sensors[index];
    return sensor === undefined ? null : this.place(sensor.at_m[0], sensor.at_m[1], -26);
  }

  dispose(): void {
    this.canvas.width = 1;
  }

  private place(x: number, y: number, lift = 0): { x: number; y: number } {
    const { centre, size } = extent(this.mold);
    const scale = (Math.min(this.width, this.height * 2.2) * 0.86) / size;
    return { x: this.width / 2 + (x - centre[0]) * scale, y: this.height / 2 - (y - centre[1]) * scale + lift };
  }

  private draw(): void {
    const ctx = this.canvas.getContext("2d");
    if (ctx === null) return;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    this.mold.nodes.forEach((node, i) => {
      const { origin, along, across } = frameOf(node, 1);
      const filled = this.values.filled?.[i] ?? 0;
      this.quad(ctx, origin, along, across, 1, `${this.colours.ghost}33`);
      const value = this.values.field?.[i];
      if (value === undefined || filled < 0.005) return;
      const [r, g, b] = colour(this.map, (value - this.values.low) / (this.values.high - this.values.low || 1));
      this.quad(ctx, origin, along, across, filled, `rgb(${r} ${g} ${b})`);
    });
    this.afterDraw();
  }

  private quad(ctx: CanvasRenderingContext2D, origin: readonly number[], along: readonly number[], across: readonly number[], share: number, fill: string): void {
    ctx.fillStyle = fill;
    ctx.beginPath();
    for (const [u, v] of [
      [0, -0.5],
      [share, -0.5],
      [share, 0.5],
      [0, 0.5],
    ] as const) {
      const at = this.place((origin[0] ?? 0) + (along[0] ?? 0) * u + (across[0] ?? 0) * v, (origin[1] ?? 0) + (along[1] ?? 0) * u + (across[1] ?? 0) * v);
      ctx.lineTo(at.x, at.y);
    }
    ctx.fill();
  }
}
