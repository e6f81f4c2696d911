// Drawn for this dashboard: one stroke width, 24 px grid.
import type { JSX } from "preact";
import type { Page } from "../state/route.ts";

const PATHS: Record<Page, string> = {
  live: "M3 15h3l2-8 3 13 3-11 2 6h5",
  shots: "M4 5h16M4 10h16M4 15h16M4 20h10",
  whitebox: "M4 8l8-4 8 4v8l-8 4-8-4V8zm0 0 8 4 8-4m-8 4v8",
  corrections: "M5 4v9m0 4v3M12 4v3m0 4v9M19 4v11m0 4v1M3 15h4M10 9h4M17 17h4",
  log: "M6 3h9l4 4v14H6zM9 11h7M9 15h7M15 3v4h4",
  health: "M12 20s-8-4.6-8-10.4A4.3 4.3 0 0 1 12 7a4.3 4.3 0 0 1 8 2.6C20 15.400 12 20 12 20z",
  setup: "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3v3m0 12v3M3 12h3m12 0h3M5.600 5.600l2.100 2.100m8.600 8.600 2.100 2.100m0-12.800-2.100 2.100m-8.600 8.600-2.100 2.100",
  users: "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20c.4-4 3-6 6.500-6s6.100 2 6.500 6M16 4.400a3.500 3.500 0 0 1 0 6.200M18.200 14.500c2 .9 3.100 2.700 3.300 5.500",
};

export function PageIcon({ page }: { page: Page }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[page]} />
    </svg>
  );
}

const SIGNS = {
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.400 1.400m11.200 11.200L19 19M19 5l-1.400 1.400M6.400 17.600 5 19",
  moon: "M20 14.500A8 8 0 0 1 9.500 4 8 8 0 1 0 20 14.500z",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z",
  cross: "M6 6l12 12M18 6 6 18",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500c.5-4.200 3.500-6.300 7.500-6.300s7 2.100 7.500 6.300",
  down: "M12 4v11m-5-4 5 5 5-5M5 20h14",
  more: "M5 9l7 7 7-7",
  up: "M5 15l7-7 7 7",
  turn: "M4 12a8 8 0 1 0 2.600-5.900M4 4v4h4",
} as const;

export function Sign({ name }: { name: keyof typeof SIGNS }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={SIGNS[name]} />
    </svg>
  );
}
