// Something shown once: large enough to copy by hand, and with a button where the browser allows it.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/index.ts";
import { Button } from "../ui/controls.tsx";

export function Secret({ secret }: { secret: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = (): void => void navigator.clipboard.writeText(secret).then(() => setCopied(true));
  return (
    <div class="secret">
      <code>{secret}</code>
      {/* Browsers hand out the clipboard on secure origins only. */}
      {window.isSecureContext ? <Button onPress={copy}>{copied ? t("secret.copied") : t("secret.copy")}</Button> : null}
    </div>
  );
}
