// Hash routes: `#/shots/1842`. The box serves one page for all of them.
import { signal } from "@preact/signals";

export const PAGES = ["live", "shots", "whitebox", "corrections", "log", "health", "setup", "users"] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  page: Page;
  rest: string[];
}

export function parse(hash: string): Route {
  const [first = "", ...rest] = hash.replace(/^#\/?/, "").split("/").filter((part) => part !== "").map(decodeURIComponent);
  const page = PAGES.find((name) => name === first) ?? "live";
  return { page, rest: page === first ? rest : [] };
}

export const route = signal<Route>(parse(location.hash));

addEventListener("hashchange", () => {
  route.value = parse(location.hash);
});

export const hrefOf = (page: Page, ...rest: (string | number)[]): string => `#/${[page, ...rest.map((part) => encodeURIComponent(String(part)))].join("/")}`;

export function go(page: Page, ...rest: (string | number)[]): void {
  location.hash = hrefOf(page, ...rest);
}
