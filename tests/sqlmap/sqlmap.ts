/** How a run of sqlmap ended. */
export interface Verdict {
  /** `clean` where every parameter was tried and none gave way; `found` where one did. */
  readonly kind: "clean" | "found" | "none";
  /** Parameters that were judged not to be injectable. */
  readonly refused: number;
  readonly output: string;
}

const SQLMAP = "sqlmap";

/** The version of sqlmap that is installed; null where none is. */
export async function sqlmapVersion(): Promise<string | null> {
  try {
    const { stdout, success } = await new Deno.Command(SQLMAP, { args: ["--version"] }).output();
    return success ? new TextDecoder().decode(stdout).trim().split("\n")[0]! : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** What sqlmap said, as a verdict. */
export function verdictOf(output: string): Verdict {
  const refused = new Set(
    [...output.matchAll(/parameter '(\w+)' does not seem to be injectable/g)].map(([, name]) =>
      name
    ),
  ).size;
  const found =
    /identified the following injection point|is vulnerable|appears to be '.*' injectable/
      .test(output);
  const clean = /all tested parameters do not appear to be injectable/.test(output);
  return { kind: found ? "found" : clean ? "clean" : "none", refused, output };
}

/**
 * Runs sqlmap over every parameter of an address.
 *
 * @param more Arguments besides the usual.
 * @param seconds After which it is ended, without a verdict.
 */
export async function runSqlmap(
  url: string,
  more: readonly string[],
  seconds: number,
): Promise<Verdict> {
  const folder = await Deno.makeTempDir({ prefix: "bulkhead_sqlmap_" });
  try {
    const { stdout, stderr } = await new Deno.Command(SQLMAP, {
      args: [
        ...["-u", url, "--batch", "--level", "3", "--risk", "2", "--dbms", "PostgreSQL"],
        ...["--param-filter", "GET", "--flush-session", "--disable-coloring"],
        ...["--output-dir", folder, "--timeout", "20", "--time-sec", "2"],
        ...more,
      ],
      stdin: "null",
      signal: AbortSignal.timeout(seconds * 1000),
    }).output();
    const decoder = new TextDecoder();
    return verdictOf(decoder.decode(stdout) + decoder.decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
