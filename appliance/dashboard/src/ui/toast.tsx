// A word that something was done; gone after a few seconds, never over a control.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { Shape } from "./marks.tsx";

const said = signal<string | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(words: string): void {
  said.value = words;
  clearTimeout(timer);
  timer = setTimeout(() => {
    said.value = null;
  }, 4000);
}

export function Toast(): JSX.Element {
  return (
    <div class="toast-place" role="status" aria-live="polite">
      {said.value === null ? null : (
        <div class="toast">
          <Shape tone="good" />
          {said.value}
        </div>
      )}
    </div>
  );
}
