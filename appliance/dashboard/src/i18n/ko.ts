// Korean, in the words of the plant. Must have exactly the keys of English; test/unit/i18n.test.ts sees to it.
import type { en } from "./en.ts";
import { boxKo } from "./ko-box.ts";
import { closingKo } from "./ko-closing.ts";
import { pagesKo } from "./ko-pages.ts";

export const ko: Record<keyof typeof en, string> = { ...boxKo, ...pagesKo, ...closingKo };
