import { encode } from "uqr";

/** Light modules around it: ISO/IEC 18004 asks for four. */
const QUIET = 4;

/** Where dark modules of a row stand side by side: the first of them, and how many. */
function barsOf(row: readonly boolean[]): [x: number, width: number][] {
  const bars: [number, number][] = [];
  row.forEach((dark, x) => {
    if (!dark) return;
    if (row[x - 1]) bars.at(-1)![1]++;
    else bars.push([x, 1]);
  });
  return bars;
}

/** A text as a QR code: drawn as one path, dark on light in either colour scheme, for cameras want it so. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: "M", border: QUIET });
  const bars = data.flatMap((row, y) =>
    barsOf(row).map(([x, width]) => `M${x} ${y}h${width}v1h-${width}z`)
  );
  return (
    <svg
      class="qr-code"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={bars.join("")} fill="#000" />
    </svg>
  );
}
