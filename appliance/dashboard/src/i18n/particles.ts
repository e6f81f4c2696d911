// Korean particles follow the sound before them: 점도가, 열전달 계수가, 샷 3을. The table writes both forms, `이(가)`.

/** Digits that are read with a consonant at their end. */
const CLOSED_DIGITS = "013678";

/** True, false, or null where the reading of a foreign word is anybody's guess. */
function closed(letter: string): boolean | null {
  const code = letter.charCodeAt(0);
  if (code >= 0xac00 && code <= 0xd7a3) return (code - 0xac00) % 28 !== 0;
  if (letter >= "0" && letter <= "9") return CLOSED_DIGITS.includes(letter);
  return null;
}

/** Form after a consonant, and after a vowel, as the table writes them. */
const FORMS: Record<string, [string, string]> = { "이(가)": ["이", "가"], "을(를)": ["을", "를"], "은(는)": ["은", "는"], "와(과)": ["과", "와"] };

/** Chooses the particle wherever the sound before it is known. */
export const particles = (text: string): string =>
  text.replace(/(\S)(이\(가\)|을\(를\)|은\(는\)|와\(과\))/g, (whole, letter: string, both: string) => {
    const [after, open] = FORMS[both] ?? [both, both];
    const sound = closed(letter);
    return sound === null ? whole : letter + (sound ? after : open);
  });
