import { ColumnSketch } from "../infer/mod.ts";

const LONGEST_HEADER = 256;

/**
 * Whether the first of a file's rows names the columns. It does where a column below is of a type
 * that its first cell is not; it does not where its cells fit such columns. Where all is text, it does
 * unless a cell stands in its own column again or is longer than a name.
 */
export function hasHeader(rows: readonly string[][]): boolean {
  const [first, ...rest] = rows;
  if (!first) return false;
  if (first.every((cell) => cell.trim() === "")) return false;
  if (rest.length === 0) return first.every((cell) => typeOf([cell]) === "text");
  let names = 0;
  let values = 0;
  first.forEach((cell, column) => {
    const below = rest.map((row) => row[column] ?? "").filter((value) => value !== "");
    if (cell === "" || below.length === 0) return;
    const type = typeOf(below);
    if (type === "text") {
      if (cell.length > LONGEST_HEADER || below.includes(cell)) values++;
    } else if (typeOf([cell]) === "text") names += 2;
    // A year over a column of numbers (`country,2019,2020`) is as good a name as a value.
    else if (!/^(?:19|20)\d\d$/.test(cell)) values += 2;
  });
  if (names !== values) return names > values;
  return values === 0 && first.some((cell) => typeOf([cell]) === "text");
}

function typeOf(values: readonly string[]): string {
  const sketch = new ColumnSketch();
  for (const value of values) if (value !== "") sketch.addText(value);
  return sketch.infer().type;
}
