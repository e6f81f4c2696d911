// uPlot in a box that follows its container, and is given back when the box goes.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../state/prefs.ts";

interface Props {
  /** Built anew when this changes: series, colours, language. */
  build: string;
  options: () => Omit<uPlot.Options, "width" | "height">;
  data: () => uPlot.AlignedData;
  /** Called with the chart once it stands; its answer is called when it goes. */
  attach?: (plot: uPlot) => () => void;
  label: string;
  /** Changes when there is something new to draw. */
  version: unknown;
  class?: string;
}

export function Plot({ build, options, data, attach, label, version, class: extra = "" }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const size = (): { width: number; height: number } => ({ width: Math.max(80, element.clientWidth), height: Math.max(60, element.clientHeight) });
    const made = new uPlot({ ...options(), ...size() }, data(), element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize(size()));
    watch.observe(element);
    const detach = attach?.(made);
    return () => {
      detach?.();
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [build, theme.value]);

  useEffect(() => {
    plot.current?.setData(data());
  }, [version]);

  return <div ref={box} class={`plot ${extra}`} role="img" aria-label={label} />;
}
