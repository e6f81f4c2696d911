import type { JSX } from "preact";
import { t } from "../i18n/index.ts";
import { language } from "../state/prefs.ts";
import { Segmented } from "./controls.tsx";

/** Each language is named in itself. */
export function LanguageChoice(): JSX.Element {
  return (
    <Segmented
      compact
      label={t("menu.language")}
      value={language.value}
      onChoose={(value) => {
        language.value = value;
      }}
      choices={[
        { value: "ko", words: t("language.ko") },
        { value: "en", words: t("language.en") },
      ]}
    />
  );
}
