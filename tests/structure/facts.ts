/** What a source file imports, exports and does, read from its syntax tree; nothing is run. */

/** One import or re-export. */
export interface ImportFact {
  readonly specifier: string;
  /** Whether only types cross; such an import is gone at run time. */
  readonly typeOnly: boolean;
}

/** What the rules look at. */
export interface Facts {
  readonly imports: readonly ImportFact[];
  /** Whether the file holds nothing but re-exports. */
  readonly onlyReexports: boolean;
  /** Exported names without a docstring. */
  readonly undocumented: readonly string[];
  /** Reads of the process environment. */
  readonly environment: readonly string[];
  /** Awaits, I/O and timers that run when the file is imported. */
  readonly atImport: readonly string[];
  /** Texts that look like SQL, and calls that send text as SQL; each shortened. */
  readonly sql: readonly string[];
  /** Comments that put work off. */
  readonly postponed: readonly string[];
}

type Node = Deno.lint.Node;

/** A node whose kind does not matter, only what may hang on it. */
interface Loose {
  readonly type: string;
  readonly name?: string;
  readonly object?: Loose;
  readonly property?: Loose;
  readonly callee?: Loose;
  readonly test?: Loose;
  readonly id?: Loose | null;
  readonly declarations?: readonly { readonly id: Loose }[];
  readonly declaration?: Loose | null;
  readonly range: readonly [number, number];
}

const loose = (node: unknown) => node as Loose;

const FUNCTIONS = new Set([
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "PropertyDefinition",
  "MethodDefinition",
]);

// Upper case, as SQL is written here: prose that begins with "Select" is none.
const SQL_TEXT = new RegExp(
  '^\\s*(SELECT\\b|INSERT INTO\\b|UPDATE \\S+ SET\\b|DELETE FROM\\b|WITH [\\w"]+ (AS|\\()|' +
    "(CREATE|ALTER|DROP) (TABLE|ROLE|DATABASE|SCHEMA|INDEX|UNIQUE|VIEW|FUNCTION|TYPE|EXTENSION)\\b|" +
    "(GRANT|REVOKE|COPY|TRUNCATE|LISTEN|NOTIFY|LOCK|ANALYZE|VACUUM|COMMENT ON|SET LOCAL) ?|" +
    '(FROM|WHERE|ORDER BY|GROUP BY|HAVING|(LEFT |INNER )?JOIN) [\\w"$])',
);

const EFFECTS = /^(Deno|console|process|fetch|setTimeout|setInterval|addEventListener|globalThis)$/;

const short = (text: string) => text.trim().replace(/\s+/g, " ").slice(0, 60);

function rootName(node: Loose | undefined): string {
  let at = node;
  while (at && at.type !== "Identifier") at = at.object ?? at.callee;
  return at?.name ?? "";
}

function declaredNames(declaration: Loose): string[] {
  if (declaration.declarations) return declaration.declarations.map(({ id }) => id.name ?? "");
  return declaration.id?.name ? [declaration.id.name] : [];
}

/** Reads the facts of one source text; the path tells its language. */
export function factsOf(path: string, source: string): Facts {
  const imports: ImportFact[] = [];
  const undocumented: string[] = [];
  const environment: string[] = [];
  const atImport: string[] = [];
  const sql: string[] = [];
  const postponed: string[] = [];
  let onlyReexports = false;

  const plugin: Deno.lint.Plugin = {
    name: "structure",
    rules: {
      facts: {
        create({ sourceCode }) {
          const runsAtImport = (node: Node) => {
            const around = sourceCode.getAncestors(node).map(loose);
            if (around.some(({ type }) => FUNCTIONS.has(type))) return false;
            return !around.some((one) =>
              one.type === "IfStatement" &&
              sourceCode.getText(one.test as unknown as Node) === "import.meta.main"
            );
          };
          const isDocumented = (node: Loose) => {
            const before = sourceCode.text.slice(0, node.range[0]).trimEnd();
            return sourceCode.getAllComments().some(({ type, value, range }) =>
              type === "Block" && value.startsWith("*") && range[1] === before.length
            );
          };
          const readSql = (text: string) => {
            if (SQL_TEXT.test(text)) sql.push(short(text));
          };
          return {
            Program(program) {
              const body = program.body as readonly Node[];
              onlyReexports = body.length > 0 &&
                body.every((node) =>
                  node.type === "ExportAllDeclaration" ||
                  node.type === "ExportNamedDeclaration" && node.source !== null
                );
              const seen = new Set<string>();
              const documented = new Set<string>();
              const listed: string[] = [];
              for (const node of body) {
                const exported = node.type === "ExportNamedDeclaration" ||
                  node.type === "ExportDefaultDeclaration";
                const declaration = exported ? loose(node.declaration) : loose(node);
                if (node.type === "ExportNamedDeclaration" && !node.source) {
                  for (const one of node.specifiers) listed.push(loose(one.local).name ?? "");
                }
                if (!declaration) continue;
                const names = declaredNames(declaration);
                if (node.type === "ExportDefaultDeclaration" && !names.length) {
                  names.push("default");
                }
                for (const name of names) {
                  // Of overloads the first carries the text.
                  if (seen.has(name)) continue;
                  seen.add(name);
                  if (isDocumented(loose(node))) documented.add(name);
                  if (exported) listed.push(name);
                }
              }
              for (const name of new Set(listed)) {
                if (!documented.has(name)) undocumented.push(name);
              }
              for (const { value } of sourceCode.getAllComments()) {
                if (/\b(TODO|FIXME|XXX|HACK)\b/.test(value)) postponed.push(short(value));
              }
            },
            ImportDeclaration(node) {
              const typeOnly = node.importKind === "type" ||
                node.specifiers.length > 0 &&
                  node.specifiers.every((one) =>
                    one.type === "ImportSpecifier" && one.importKind === "type"
                  );
              imports.push({ specifier: node.source.value, typeOnly });
            },
            ExportNamedDeclaration(node) {
              if (!node.source) return;
              const typeOnly = node.exportKind === "type" ||
                node.specifiers.length > 0 &&
                  node.specifiers.every((one) => one.exportKind === "type");
              imports.push({ specifier: node.source.value, typeOnly });
            },
            ExportAllDeclaration(node) {
              imports.push({ specifier: node.source.value, typeOnly: node.exportKind === "type" });
            },
            ImportExpression(node) {
              const specifier = node.source.type === "Literal" ? String(node.source.value) : "*";
              imports.push({ specifier, typeOnly: false });
            },
            MemberExpression(node) {
              const text = sourceCode.getText(node);
              if (/^(globalThis\.)?(Deno|process)\s*\.\s*env$/.test(text)) environment.push(text);
            },
            AwaitExpression(node) {
              if (runsAtImport(node)) atImport.push(short(sourceCode.getText(node)));
            },
            CallExpression(node) {
              if (EFFECTS.test(rootName(loose(node.callee))) && runsAtImport(node)) {
                atImport.push(short(sourceCode.getText(node)));
              }
              const callee = loose(node.callee);
              if (callee.type === "MemberExpression" && callee.property?.name === "unsafe") {
                sql.push(short(sourceCode.getText(node)));
              }
            },
            NewExpression(node) {
              if (/^(Worker|WebSocket|EventSource)$/.test(loose(node.callee).name ?? "")) {
                if (runsAtImport(node)) atImport.push(short(sourceCode.getText(node)));
              }
            },
            TemplateLiteral(node) {
              readSql(node.quasis[0]?.raw ?? "");
            },
            Literal(node) {
              if (typeof node.value === "string") readSql(node.value);
            },
          };
        },
      },
    },
  };
  Deno.lint.runPlugin(plugin, path.endsWith("x") ? "file.tsx" : "file.ts", source);
  return { imports, onlyReexports, undocumented, environment, atImport, sql, postponed };
}
