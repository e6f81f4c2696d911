// A titled area of a page.
import type { ComponentChildren, JSX } from "preact";

export function Panel({ title, note, aside, children, class: extra = "" }: { title?: string; note?: string; aside?: ComponentChildren; children: ComponentChildren; class?: string }): JSX.Element {
  return (
    <section class={`panel ${extra}`} aria-label={title}>
      {title === undefined && aside === undefined ? null : (
        <header class="panel-head">
          <div>
            {title === undefined ? null : <h2>{title}</h2>}
            {note === undefined ? null : <p class="note">{note}</p>}
          </div>
          {aside === undefined ? null : <div class="panel-aside">{aside}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

export function PageHead({ title, lead, children }: { title: string; lead?: string | undefined; children?: ComponentChildren }): JSX.Element {
  return (
    <header class="page-head">
      <div>
        <h1>{title}</h1>
        {lead === undefined ? null : <p class="lead">{lead}</p>}
      </div>
      {children === undefined ? null : <div class="page-actions">{children}</div>}
    </header>
  );
}

/** Label and value, one under the other. */
export function Fact({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="fact">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
