import { openEndpoint } from "../../lib/endpoints/mod.ts";
import { previewFile } from "../../lib/ingest/load/mod.ts";
import { AppError } from "../../lib/errors.ts";
import type { Services } from "../../lib/services.ts";
import { CANARIES, HIDDEN, HIDDEN_TABLE, type Side } from "./hidden_world.ts";

/** A file that a token would add to a table, or put in its place. */
export interface TokenFile {
  readonly table: string;
  readonly mode: "append" | "replace";
  readonly text: string;
}

const { text } = CANARIES;

const customers = (columns: string, ...rows: string[]) => `${columns}\n${rows.join("\n")}\n`;

const PLAIN = "id,name,segment,region_code,note,credit";

const TEXTS: readonly (readonly [table: string, text: string])[] = [
  ["customer", customers(PLAIN, "900,New,open,no,hello,1.50", "901,Newer,open,,,")],
  // Outside of the row filter, a key that is there, a counterpart that is not.
  ["customer", customers(PLAIN, "900,New,shut,no,hello,1.50")],
  [
    "customer",
    customers(PLAIN, "1,Again,open,no,x,1", "902,Lost,open,zz,x,1", "903,Ok,open,no,x,1"),
  ],
  ["customer", customers(`${PLAIN},since`, "900,New,open,no,hello,1.50,2020-01-01")],
  ["customer", customers(`${PLAIN},${HIDDEN.email}`, "900,New,open,no,hello,1.50,a@b.example")],
  ["customer", customers(`${PLAIN},hxqz`, "900,New,open,no,hello,1.50,a@b.example")],
  [
    "customer",
    customers(`${PLAIN},${HIDDEN.pay}`, `900,New,open,no,hello,1.50,${CANARIES.number}`),
  ],
  ["customer", customers("id,name", "900,New")],
  // JSON need not have every column, so what it lacks is left to the table.
  ["customer", `[{"id": 900, "name": "New", "segment": "open"}, {"id": 1, "name": "Again"}]`],
  ["customer", `[{"id": 900, "name": "New", "segment": "shut"}]`],
  ["customer", `[{"id": 900, "segment": "open"}]`],
  ["customer", `[{"id": 900, "name": "New", "segment": "open", "${HIDDEN.pay}": 1}]`],
  ["purchase", `[{"id": 900, "code": "code 900"}]`],
  ["region", "code,name\nxx,Region xx\n"],
  ["region", `code,name,${HIDDEN.budget}\nxx,Region xx,1\n`],
  ["purchase", "id,customer_id,code,amount,at\n900,1,code 900,1.25,2026-01-01T00:00:00Z\n"],
  ["purchase", "id,customer_id,code,amount,at\n900,1,code 900,-1.25,2026-01-01T00:00:00Z\n"],
  ["item", "id,purchase_id,label,qty\n900,1,label,1\n901,2,label,2\n"],
  ["item", `id,purchase_id,label,qty,${HIDDEN.grade}\n900,1,label,1,open\n`],
  ["staff", "name,level\nNew,1\n"],
  ["staff", `${HIDDEN.badge},name,level\n${text},New,1\n`],
  ["review", "id,body\n900,body\n"],
  ["review", "id,vault_id,body\n900,1,body\n"],
  [HIDDEN_TABLE, "id,secret\n900,body\n"],
  ["nothing", "id,secret\n900,body\n"],
];

/** Files that try what is hidden, and others. */
export const TOKEN_FILES: readonly TokenFile[] = (["append", "replace"] as const).flatMap((mode) =>
  TEXTS.map(([table, text]) => ({ table, mode, text }))
);

/** What a token would be told of a file: its report and first rows, or why it was refused. */
export async function tellOf(
  services: Services,
  { scope }: Side,
  { table, mode, text }: TokenFile,
): Promise<string> {
  const lease = await openEndpoint(services, scope, "owner");
  try {
    const told = await previewFile({
      owner: lease.sql,
      open: () => ReadableStream.from([new TextEncoder().encode(text)]),
      fileName: text.startsWith("[") ? `${table}.json` : `${table}.csv`,
      options: { mode, table },
      ingestId: crypto.randomUUID(),
      author: { access: "writer", by: {} },
      sha256: null,
      newTables: "open",
      signal: new AbortController().signal,
    }, 50);
    return `answer: ${JSON.stringify(told)}`;
  } catch (error) {
    if (error instanceof AppError) return `fault: ${error.code} ${error.detail ?? ""}`;
    throw error;
  } finally {
    lease.release();
  }
}
