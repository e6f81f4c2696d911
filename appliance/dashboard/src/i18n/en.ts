// English. Keys that the box sends (trust.*, problem.*, advice.*, missing.*, event.*, error.*) are named as it names them.
// Dictionaries are split by where the words stand; this file only joins them.
import { boxEn } from "./en-box.ts";
import { closingEn } from "./en-closing.ts";
import { pagesEn } from "./en-pages.ts";

export const en = { ...boxEn, ...pagesEn, ...closingEn } as const;
