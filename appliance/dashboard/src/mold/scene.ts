// The mold in three dimensions. Draws only when something changed: hours on the panel cost nothing between shots.
import {
  BoxGeometry,
  BufferAttribute,
  BufferGeometry,
  Color,
  CylinderGeometry,
  DataTexture,
  DoubleSide,
  InstancedBufferAttribute,
  InstancedBufferGeometry,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  PerspectiveCamera,
  Scene,
  ShaderMaterial,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
import type { MoldView } from "../api/types.ts";
import { table, type Field } from "../domain/colormap.ts";
import { caps, extent, frameOf, joints, meanAt, thickening, type Extent, type Joints, type NodeFrame } from "./frame.ts";
import { FRAGMENT, VERTEX } from "./shaders.ts";

export interface SceneInk {
  ghost: string;
  front: string;
  line: string;
}

export interface Values {
  field: number[] | null;
  filled: number[] | null;
  low: number;
  high: number;
}

interface Part {
  nodes: number[];
  geometry: InstancedBufferGeometry;
  ends: InstancedBufferAttribute;
  fill: InstancedBufferAttribute;
}

/** A colour of the style sheet as it stands: the shader writes straight to the screen. */
const raw = (hex: string): Color => new Color(hex).convertLinearToSRGB();

const HOME = new Vector3(-0.32, -0.74, 0.72).normalize();

export class MoldScene {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(26, 1, 0.001, 10);
  private readonly controls: OrbitControls;
  private readonly parts: Part[] = [];
  private readonly joints: Joints;
  private readonly extent: Extent;
  private readonly texture = new DataTexture(table("pressure"), 256, 1);
  private readonly solid: ShaderMaterial;
  private readonly shell: ShaderMaterial;
  private readonly pins: Vector3[];
  private readonly stems: LineSegments;
  private pending = 0;
  private width = 1;
  private height = 1;
  /** Called after each drawing, to move the labels. */
  afterDraw: () => void = () => undefined;

  constructor(canvas: HTMLCanvasElement, mold: MoldView, colours: SceneInk) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, powerPreference: "low-power" });
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.extent = extent(mold);
    this.joints = joints(mold);
    this.texture.needsUpdate = true;
    const uniforms = (solid: number) => ({
      table: { value: this.texture },
      solid: { value: solid },
      ghost: { value: raw(colours.ghost) },
      frontColour: { value: raw(colours.front) },
    });
    this.solid = new ShaderMaterial({ vertexShader: VERTEX, fragmentShader: FRAGMENT, uniforms: uniforms(1), side: DoubleSide });
    this.shell = new ShaderMaterial({ vertexShader: VERTEX, fragmentShader: FRAGMENT, uniforms: uniforms(0), transparent: true, depthWrite: false, side: DoubleSide });
    const thicker = thickening(mold);
    const frames = mold.nodes.map((node) => frameOf(node, thicker));
    this.addPart(mold, frames, false);
    this.addPart(mold, frames, true);

    const reach = this.extent.size * 0.14;
    this.pins = mold.sensors.map((sensor) => new Vector3(sensor.at_m[0], sensor.at_m[1], sensor.at_m[2] + reach));
    const stems = new BufferGeometry();
    stems.setAttribute("position", new BufferAttribute(new Float32Array(mold.sensors.flatMap((sensor, i) => [...sensor.at_m, ...(this.pins[i]?.toArray() ?? [0, 0, 0])])), 3));
    this.stems = new LineSegments(stems, new LineBasicMaterial({ color: colours.line }));
    this.scene.add(this.stems);

    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enablePan = false;
    this.controls.enableDamping = false;
    this.controls.addEventListener("change", () => this.request());
    this.home();
  }

  /** Back to the first view. */
  home(): void {
    const [x, y, z] = this.extent.centre;
    this.controls.target.set(x, y, z + this.extent.size * 0.035);
    this.camera.up.set(0, 0, 1);
    this.camera.position.copy(this.controls.target).addScaledVector(HOME, this.distance());
    this.controls.minDistance = this.extent.size * 0.8;
    this.controls.maxDistance = this.extent.size * 5;
    this.controls.update();
    this.request();
  }

  resize(width: number, height: number): void {
    if (width < 2 || height < 2) return;
    const first = this.width === 1;
    this.width = width;
    this.height = height;
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.renderer.setSize(width, height, false);
    if (first) this.home();
    this.request();
  }

  /** Colours the melt by a field, as shares of the scale's two ends. */
  show(values: Values, map: Field): void {
    const { field, filled, low, high } = values;
    const share = (value: number): number => (value - low) / (high - low || 1);
    for (const part of this.parts) {
      part.nodes.forEach((node, i) => {
        const full = filled?.[node] ?? 0;
        part.fill.setX(i, field === null ? 0 : full);
        if (field === null) return;
        const own = field[node] ?? low;
        part.ends.setXY(i, share(meanAt(this.joints.begin[node] ?? [], field, filled, own)), share(meanAt(this.joints.end[node] ?? [], field, filled, own)));
      });
      part.fill.needsUpdate = true;
      part.ends.needsUpdate = true;
    }
    (this.texture.image as { data: Uint8Array }).data.set(table(map));
    this.texture.needsUpdate = true;
    this.request();
  }

  /** Where the head of a pin stands on screen, px. */
  pin(index: number): { x: number; y: number } | null {
    const at = this.pins[index];
    if (at === undefined) return null;
    const place = at.clone().project(this.camera);
    return { x: ((place.x + 1) / 2) * this.width, y: ((1 - place.y) / 2) * this.height };
  }

  dispose(): void {
    cancelAnimationFrame(this.pending);
    this.controls.dispose();
    for (const part of this.parts) part.geometry.dispose();
    this.stems.geometry.dispose();
    (this.stems.material as LineBasicMaterial).dispose();
    this.solid.dispose();
    this.shell.dispose();
    this.texture.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }

  /** Far enough that everything fits whatever the shape of the panel. */
  private distance(): number {
    const vertical = (this.camera.fov * Math.PI) / 360;
    const horizontal = Math.atan(Math.tan(vertical) * this.camera.aspect);
    return Math.max((this.extent.size * 0.5) / Math.tan(horizontal), (this.extent.size * 0.36) / Math.tan(vertical));
  }

  private request(): void {
    if (this.pending !== 0) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.renderer.render(this.scene, this.camera);
      this.afterDraw();
    });
  }

  private addPart(mold: MoldView, frames: readonly NodeFrame[], round: boolean): void {
    const nodes = frames.flatMap((frame, i) => (frame.round === round ? [i] : []));
    if (nodes.length === 0) return;
    // Unit shapes: width -0.5 to 0.5, length 0 to 1, thickness -0.5 to 0.5.
    const shape = round ? new CylinderGeometry(0.5, 0.5, 1, 24, 1) : new BoxGeometry(1, 1, 1);
    shape.translate(0, 0.5, 0);
    const geometry = new InstancedBufferGeometry();
    geometry.index = shape.index;
    geometry.setAttribute("position", shape.getAttribute("position"));
    geometry.setAttribute("normal", shape.getAttribute("normal"));
    const column = (pick: (frame: NodeFrame) => readonly number[]): InstancedBufferAttribute => new InstancedBufferAttribute(new Float32Array(nodes.flatMap((node) => [...pick(frames[node] as NodeFrame)])), 3);
    geometry.setAttribute("origin", column((frame) => frame.origin));
    geometry.setAttribute("along", column((frame) => frame.along));
    geometry.setAttribute("across", column((frame) => frame.across));
    geometry.setAttribute("up", column((frame) => frame.up));
    geometry.setAttribute("caps", new InstancedBufferAttribute(new Float32Array(nodes.flatMap((node) => caps(mold, this.joints, node))), 2));
    const ends = new InstancedBufferAttribute(new Float32Array(nodes.length * 2), 2);
    const fill = new InstancedBufferAttribute(new Float32Array(nodes.length), 1);
    geometry.setAttribute("ends", ends);
    geometry.setAttribute("fill", fill);
    geometry.instanceCount = nodes.length;
    for (const material of [this.solid, this.shell]) {
      const mesh = new Mesh(geometry, material);
      // Instances are placed in the shader; three does not know where they are.
      mesh.frustumCulled = false;
      mesh.renderOrder = material === this.shell ? 1 : 0;
      this.scene.add(mesh);
    }
    this.parts.push({ nodes, geometry, ends, fill });
  }
}
