import assert from "node:assert/strict";

const css = await Deno.readTextFile(new URL("./01_tokens.css", import.meta.url));
const tokens = new Map(
  [...css.matchAll(/--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)]
    .map(([, name, light, dark]) => [name!, { light: light!, dark: dark! }]),
);

/** Relative luminance (WCAG 2.2). */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

/** Text on its ground (1.4.3, AA: 4.5), and what tells a control's edge from it (1.4.11: 3). */
const PAIRS: [text: string, ground: string, ratio: number][] = [
  ...["ink", "ink-soft", "ink-faint", "accent", "accent-deep", "danger"].flatMap((text) =>
    ["paper", "surface", "sunken"].map((ground): [string, string, number] => [text, ground, 4.5])
  ),
  ["on-accent", "accent", 4.5],
  ["on-accent", "accent-deep", 4.5],
  ["on-danger", "danger", 4.5],
  ["on-danger", "danger-deep", 4.5],
  ["danger-deep", "danger-wash", 4.5],
  ...["good", "warn", "danger", "accent"].flatMap((tone): [string, string, number][] => [
    [tone, `${tone}-wash`, 4.5],
    ["ink", `${tone}-wash`, 4.5],
    ["ink-soft", `${tone}-wash`, 4.5],
  ]),
  ["line-strong", "surface", 3],
  ["line-strong", "paper", 3],
];

for (const theme of ["light", "dark"] as const) {
  Deno.test(`tokens have AA contrast in the ${theme} theme`, () => {
    for (const [text, ground, ratio] of PAIRS) {
      const [a, b] = [tokens.get(text), tokens.get(ground)];
      assert(a && b, `${text} or ${ground} is missing`);
      const found = contrast(a[theme], b[theme]);
      assert(found >= ratio, `${text} on ${ground}: ${found.toFixed(2)}, not ${ratio}`);
    }
  });
}
