import { domainToUnicode } from "node:url";

// Scripts with letters that are drawn like those of another.
const ALIKE = ["Latin", "Cyrillic", "Greek", "Armenian", "Cherokee", "Coptic", "Lisu"].map((
  name,
) => ({ name, letter: new RegExp(`\\p{Script=${name}}`, "u") }));

// Cyrillic and Greek letters whose usual shape is that of a Latin one (UTS #39, confusables).
const LATIN_SHAPED = /^[аВЕеЅѕІіЈјКМНОоРрСсТУуХхАһԁԛԝӏҮΑΒΕΖΗΙΚΜΝΟΡΤΥΧνοϲϳ]+$/u;

const words = (text: string) => text.match(/[\p{L}\p{M}\p{Nd}]+/gu) ?? [];

/**
 * Why a name may not be what it looks like: a word that mixes scripts of look-alike letters, or is written
 * whole in letters that look like Latin ones. Null where nothing speaks against it.
 */
export function lookAlikeHint(name: string): string | null {
  for (const word of words(name)) {
    const found = ALIKE.filter(({ letter }) => letter.test(word)).map(({ name }) => name);
    if (found.length > 1) return `“${word}” mixes ${found.join(" and ")} letters that look alike.`;
    if (found[0] !== "Latin" && LATIN_SHAPED.test(word)) {
      return `“${word}” is written in ${found[0]} letters that look like Latin ones.`;
    }
  }
  return null;
}

/** How an internationalized domain name is written by people; null for one of plain letters alone. */
export function domainHint(host: string): string | null {
  if (!/(^|\.)xn--/i.test(host)) return null;
  return `This domain name is written “${
    domainToUnicode(host.replace(/:\d+$/, "")) || host
  }”: letters of other alphabets can look like Latin ones.`;
}
