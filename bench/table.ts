/** Prints a table whose first column is text and whose others are numbers. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join(
      "  ",
    );
  console.log(line(head));
  console.log(widths.map((width) => "-".repeat(width)).join("  "));
  for (const row of rows) console.log(line(row));
}

/** A ratio beside what it is meant to be, in percent. */
export function againstAim(ratio: number, aim: number | null): string {
  const percent = `${(ratio * 100).toFixed(0)} %`;
  if (aim === null) return percent;
  return `${percent} (aim ${(aim * 100).toFixed(0)} %: ${ratio >= aim ? "met" : "missed"})`;
}
