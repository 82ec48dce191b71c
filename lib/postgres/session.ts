import pg from "pg";
import { ConnectionLost } from "./client/mod.ts";
import { type Row, type Rows, type SendOptions, Statement } from "./statement.ts";
import {
  type Fragment,
  Identifier,
  JsonParameter,
  type Parameter,
  sentValue,
  type SqlText,
  ValueList,
  writeTemplate,
} from "./template.ts";

/** How a text of SQL is run. */
export interface UnsafeOptions {
  /** Whether the connection keeps the statement, for one that comes again. */
  readonly prepare?: boolean;
}

/**
 * What runs statements: as a tagged template, in which each value is bound and never becomes SQL. Called
 * with a name it makes an identifier, with a list of texts a list for `IN`.
 */
export interface Runner {
  // deno-lint-ignore no-explicit-any -- the default is a row of whatever was asked for
  <T extends readonly any[] = Row[]>(
    parts: TemplateStringsArray,
    ...parameters: readonly Parameter[]
  ): Statement<T>;
  (name: string): Identifier;
  (values: readonly string[]): ValueList;
  /** A value that is sent as jsonb. */
  json(value: unknown): JsonParameter;
  /**
   * Runs SQL text. Without values it may hold several statements, whose answers come as a list of lists.
   */
  unsafe<T extends readonly unknown[] = Row[]>(
    text: string,
    values?: readonly unknown[],
    options?: UnsafeOptions,
  ): Statement<T>;
}

/** One transaction on a connection of its own, which nothing else uses before its end. */
export interface Tx extends Runner {
  /** Runs a part that can fail without the rest: what it did is taken back then. */
  savepoint<T>(work: (tx: Tx) => T | PromiseLike<T>): Promise<T>;
  /** The connection, for COPY. */
  readonly client: pg.ClientBase;
  /** Asks the server to end the statement that the transaction waits for; the transaction then fails. */
  cancel(): Promise<void>;
}

// int8 and numeric stay text, since a JavaScript number would lose digits; times become Date, which keeps
// milliseconds; lists stay as Postgres writes them.
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === "t",
  17: (text) => Uint8Array.fromHex(text.slice(2)),
  21: Number,
  23: Number,
  26: Number,
  114: (text) => JSON.parse(text),
  700: Number,
  701: Number,
  1082: (text) => new Date(text),
  1114: (text) => new Date(text),
  1184: (text) => new Date(text),
  3802: (text) => JSON.parse(text),
};

const asText = (text: string) => text;

/** bool, name, int4, int8, text, varchar and uuid lists. */
const LISTS: ReadonlySet<number> = new Set([1000, 1003, 1007, 1016, 1009, 1015, 2951]);

/**
 * How answers become values.
 *
 * @param lists Whether lists become arrays: for libraries that expect it.
 */
export function typesOf(lists: boolean): pg.CustomTypesConfig {
  const getTypeParser = (oid: number) =>
    PARSERS[oid] ?? (lists && LISTS.has(oid) ? pg.types.getTypeParser(oid, "text") : asText);
  return { getTypeParser } as unknown as pg.CustomTypesConfig;
}

/** Runs a text on whatever connection is at hand. */
export type Send = (
  sql: SqlText,
  options: SendOptions & { prepare: boolean; simple: boolean },
) => Promise<Rows<unknown[]>>;

const NO_PARTS = Object.assign([""], { raw: [""] }) as unknown as TemplateStringsArray;

/** Makes what runs statements out of a way to send them. */
export function createRunner(send: Send): Runner {
  const run = (first: unknown, ...parameters: readonly Parameter[]) => {
    if (typeof first === "string") return new Identifier(first);
    if (!Object.hasOwn(first as object, "raw")) return new ValueList(first as readonly string[]);
    const fragment: Fragment = { parts: first as TemplateStringsArray, parameters };
    return new Statement(
      fragment,
      (options) =>
        send(writeTemplate(fragment), { ...options, prepare: true, simple: false }) as never,
    );
  };
  return Object.assign(run as unknown as Runner, {
    json: (value: unknown) => new JsonParameter(value),
    unsafe: (text: string, values?: readonly unknown[], { prepare = false }: UnsafeOptions = {}) =>
      new Statement(
        { parts: NO_PARTS, parameters: [] },
        async (options) =>
          await send({ text, values: (values ?? []).map(sentValue) }, {
            ...options,
            prepare,
            simple: values === undefined,
          }) as never,
      ),
  });
}

/** Names for statements that connections keep; past a number of texts they are sent whole each time. */
export class Names {
  readonly #names = new Map<string, string>();

  /** The name of a text; undefined where it gets none. */
  of(text: string): string | undefined {
    let name = this.#names.get(text);
    if (name === undefined && this.#names.size < 500) {
      name = `b${this.#names.size}`;
      this.#names.set(text, name);
    }
    return name;
  }
}

/** A statement that a connection keeps fits the tables no more, or is not there any more. */
const STALE = new Set(["0A000", "26000"]);

const withCount = (result: pg.QueryArrayResult | pg.QueryResult): Rows<unknown[]> =>
  Object.assign(result.rows as unknown[], { count: result.rowCount ?? 0 });

/**
 * Runs a text on one connection.
 *
 * @param onStale Told that the connection keeps a statement that must not be used again.
 */
export async function sendOn(
  client: pg.ClientBase,
  names: Names,
  { text, values }: SqlText,
  { asArrays, prepare, simple }: Parameters<Send>[1],
  onStale: () => void,
): Promise<Rows<unknown[]>> {
  const name = prepare ? names.of(text) : undefined;
  try {
    const result = await client.query({
      text,
      // Without values the text goes as a simple query, in which several statements may stand.
      ...(simple ? {} : { values: values as unknown[] }),
      // deno-lint-ignore no-explicit-any -- the types leave out that a query of no values can be extended
      ...(simple ? {} : { queryMode: "extended" } as any),
      ...(name === undefined ? {} : { name }),
      ...(asArrays ? { rowMode: "array" } : {}),
    }) as unknown as pg.QueryResult | pg.QueryResult[];
    if (!Array.isArray(result)) return withCount(result);
    return Object.assign(result.map(withCount), { count: result.length });
  } catch (error) {
    if (name !== undefined && error instanceof pg.DatabaseError && STALE.has(error.code ?? "")) {
      onStale();
    }
    throw asFault(error);
  }
}

/**
 * What a driver's error is: the server's word, or else a lost connection. The driver tells the latter in
 * several ways, and of some by a sentence alone.
 */
export function asFault(error: unknown): unknown {
  return error instanceof pg.DatabaseError || !(error instanceof Error)
    ? error
    : new ConnectionLost(error.message, { cause: error });
}
