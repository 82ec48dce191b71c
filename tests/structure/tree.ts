import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Facts, factsOf, type ImportFact } from "./facts.ts";

/** The folder of the checkout. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

// What tools make, and what is nobody's source.
const SKIPPED = /^(\.git|\.build|\.data|node_modules|coverage|.*\.profile)$/;
const TEXT = /\.(tsx?|md|json|css|sql|svg|csv|ya?ml|sh|txt)$|^(run|LICENSE|\.gitignore)$/;

/** A file of the project. */
export interface TextFile {
  /** From the checkout's folder, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** A source file with what its syntax tells. */
export interface SourceFile extends TextFile, Facts {
  readonly lines: number;
  /** Imports of other files of the project, as paths from the checkout's folder. */
  readonly local: readonly ImportFact[];
  /** Imports of packages and built-in modules. */
  readonly packages: readonly ImportFact[];
}

/** Every text file of the project, in the order of their paths. */
export function readTree(folder = ROOT): TextFile[] {
  const files: TextFile[] = [];
  for (const entry of Deno.readDirSync(folder)) {
    if (SKIPPED.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory) files.push(...readTree(path));
    else if (entry.isFile && TEXT.test(entry.name)) {
      files.push({ path: relative(ROOT, path), text: Deno.readTextFileSync(path) });
    }
  }
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** Makes a source file of a path and its text. */
export function sourceFile({ path, text }: TextFile): SourceFile {
  const facts = factsOf(path, text);
  const isLocal = ({ specifier }: ImportFact) => /^\.{1,2}\//.test(specifier);
  return {
    path,
    text,
    ...facts,
    lines: text.split("\n").length - 1,
    local: facts.imports.filter(isLocal).map((one) => ({
      ...one,
      specifier: join(dirname(path), one.specifier),
    })),
    packages: facts.imports.filter((one) => !isLocal(one)),
  };
}

/** Whether a file is a test: held by fewer rules than what it tests. */
export function isTest(path: string): boolean {
  return /^(tests|bench|examples)\//.test(path) || /(_test|\/test_\w+)\.tsx?$/.test(path);
}
