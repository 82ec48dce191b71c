/** Sends every row of the matrix as everybody in it. */
import assert from "node:assert/strict";
import { abilitiesOf, may, PERMISSIONS } from "../../lib/auth/mod.ts";
import { newId, newSlug } from "../../lib/ids.ts";
import { atLeast } from "../../lib/principal.ts";
import { PAGES } from "../../routes/pages.ts";
import { REST_ROUTES } from "../../routes/v1/routes.ts";
import {
  APP_COLUMNS,
  APP_MATRIX,
  type Column,
  COLUMNS,
  PAGE_MATRIX,
  PUBLIC_MATRIX,
  type Row,
  rowsOf,
  TOKEN_COLUMNS,
  TOKEN_MATRIX,
  written,
} from "./matrix.ts";
import { aim, callOf, SPENDS } from "./matrix_requests.ts";
import { CANARY, type MatrixWorld, openMatrix, type Person } from "./matrix_world.ts";

let world: MatrixWorld;
let people: ReadonlyMap<Column, Person>;

Deno.test.beforeAll(async () => {
  world = await openMatrix();
  const all = await Promise.all(
    COLUMNS.map(async (column) => [column, await world.person(column)] as const),
  );
  people = new Map(all);
});
Deno.test.afterAll(() => world[Symbol.asyncDispose]());

type Answer = Awaited<ReturnType<MatrixWorld["send"]>>;

/** Nothing of the team is in an answer to who is no part of it. */
function checkSilent(column: string, row: Row, { text }: Answer): void {
  if (!["removed", "unconfirmed", "outsider"].includes(column)) return;
  assert.ok(!text.includes(CANARY), `${row.method} ${row.path} tells ${column}: ${text}`);
}

/** Sends rows as all of their columns and holds what comes of it against the matrix. */
async function compare<C extends string>(
  matrix: string,
  columns: readonly C[],
  outcome: (row: Row, column: C) => Promise<string>,
): Promise<void> {
  const rows = rowsOf(matrix, columns.length);
  const seen: string[] = [];
  for (const row of rows) {
    const one = (column: C) => outcome(row, column);
    // Two that declare the same link at once are in each other's way.
    const isAlone = row.path.includes("foreign-keys");
    const letters: string[] = [];
    if (isAlone) { for (const column of columns) letters.push(await one(column)); }
    else letters.push(...await Promise.all(columns.map(one)));
    seen.push(written(row, letters));
  }
  assert.deepEqual(seen, rows.map((row) => written(row, row.outcomes)));
}

function letterOfPage(key: string, { status, location, said, text }: Answer): string {
  if (status === 303) {
    // A code that is asked for leads there too: the form is sent from there.
    if (key === "POST /account/confirm/code" && location!.startsWith("/account/confirm?")) {
      return "+";
    }
    if (location!.startsWith("/account/confirm?")) return "?";
    // Signing out, and leaving, lead there too, and say so.
    return location!.startsWith("/sign-in") && !said ? "." : "+";
  }
  if (status < 300) return "+";
  if (status === 403) return "-";
  if (status === 404) return "0";
  // Wrong by itself: a code, a link, what is not there to be changed.
  assert.ok([400, 401, 409, 410, 422].includes(status), `${key} ${status}: ${text}`);
  return "~";
}

/** No two are the same: a file that was handed in before is refused. */
const file = () => `id,name\n9,${newId()}\n`;

async function asPerson(row: Row, column: Column): Promise<string> {
  const { method, path } = row;
  const key = `${method} ${path}`;
  const who = SPENDS.has(key) ? await world.person(column) : people.get(column)!;
  const aimed = await aim(world, row, who);
  const init: RequestInit = { method };
  if (method === "POST") {
    if (PAGES.find((page) => page.path === path)?.upload) {
      const form = new FormData();
      form.set("file", new File([file()], "nine.csv"));
      Object.assign(init, { body: form, headers: { "x-csrf-token": who.csrf } });
    } else init.body = new URLSearchParams({ csrf_token: who.csrf, ...aimed.fields });
  }
  const answer = await world.send(aimed.path, init, world.asBrowser(who.cookie));
  checkSilent(column, row, answer);
  return letterOfPage(key, answer);
}

Deno.test("each page does for everybody what the matrix says", async () => {
  await compare(PAGE_MATRIX, COLUMNS, asPerson);
});

Deno.test("each page for anyone does what the matrix says, and takes no form without its token", async () => {
  await compare(PUBLIC_MATRIX, ["visitor", "owner"], async ({ method, path }, column) => {
    const at = path.replace(":secret", "x".repeat(43));
    const cookie = column === "owner" ? people.get("owner")!.cookie : "";
    const body = method === "POST" ? new URLSearchParams({ email: "ada@example.com" }) : null;
    const answer = await world.send(at, { method, body }, world.asBrowser(cookie));
    return letterOfPage(`${method} ${path}`, answer);
  });
});

/** A token of each column: whose own things go with it, and what it is. */
async function tokenOf(column: (typeof TOKEN_COLUMNS)[number]) {
  const someone = (like: Column) => people.get(like)!;
  if (column === "team" || column === "kept") {
    const maker = await world.person("admin");
    const token = await world.token(maker.userId, true);
    if (column === "kept") await world.removed(maker.userId, [token.id]);
    return { ...maker, column: "unconfirmed" as const, token, mayWrite: true };
  }
  const who = someone(column);
  const mayWrite = ["owner", "admin", "member"].includes(column);
  if (column !== "outsider") return { ...who, mayWrite };
  const secret = await world.foreign(who.home);
  return { ...who, token: { ...who.token, secret }, mayWrite };
}

type Bearer = Awaited<ReturnType<typeof tokenOf>>;

/** The same but for what names the request. */
const without = (text: string) => text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID");

async function letterOfBearer(answer: Answer, nobody: (() => Promise<Answer>) | null) {
  const { status, text } = answer;
  if (status === 401) return ".";
  if (status === 404) return "0";
  if (status === 403) {
    if (!nobody) return "-";
    // Told just what is told of a name that nobody has.
    const told = await nobody();
    assert.deepEqual([status, without(text)], [told.status, without(told.text)]);
    return "0";
  }
  if (status >= 300) return "~";
  // What MCP refuses, it refuses in an answer.
  if (!text.startsWith('{"jsonrpc"')) return "+";
  const { result, error } = JSON.parse(text);
  return error || result.isError ? "-" : "+";
}

const NOBODY = newSlug("data");

/** Sends a row of `/v1` or of MCP by a bearer credential. */
async function byBearer(row: Row, column: string, who: Bearer, secret: string): Promise<string> {
  const { method, path } = row;
  const isOutside = column === "outsider";
  const { slug } = world.scope.endpoint;
  if (method === "MCP") {
    const { method, params } = await callOf(world, row, secret, who.mayWrite);
    const answer = await world.mcp(secret, method, params, slug);
    checkSilent(column, row, answer);
    if (path === "tools/list" && answer.status === 200 && row.of) {
      return answer.text.includes(`"name":"${row.of}"`) ? "+" : "-";
    }
    return await letterOfBearer(
      answer,
      isOutside ? () => world.mcp(secret, method, params, NOBODY) : null,
    );
  }
  const aimed = await aim(world, row, who);
  const isFile = path.endsWith("/files");
  const headers = {
    authorization: `Bearer ${secret}`,
    ...(isFile || aimed.body !== undefined
      ? { "content-type": isFile ? "text/csv" : "application/json" }
      : {}),
  };
  const body = isFile ? file() : aimed.body === undefined ? null : JSON.stringify(aimed.body);
  const send = (at: string) => world.send(at, { method, body }, headers);
  const answer = await send(aimed.path);
  checkSilent(column, row, answer);
  return await letterOfBearer(
    answer,
    isOutside ? () => send(aimed.path.replace(/data-\w+/, NOBODY)) : null,
  );
}

Deno.test("each route and tool does for every token what the matrix says", async () => {
  const tokens = new Map(
    await Promise.all(
      TOKEN_COLUMNS.map(async (column) => [column, await tokenOf(column)] as const),
    ),
  );
  await compare(TOKEN_MATRIX, TOKEN_COLUMNS, (row, column) => {
    const who = tokens.get(column)!;
    return byBearer(row, column, who, who.token.secret);
  });
});

Deno.test("each tool does for every app what the matrix says, and /v1 takes none of them", async () => {
  const makers = new Map(
    await Promise.all(
      APP_COLUMNS.map(async (column) => [column, await world.person(column, true)] as const),
    ),
  );
  await compare(APP_MATRIX, APP_COLUMNS, (row, column) => {
    const who = makers.get(column)!;
    const mayWrite = ["owner", "admin", "member"].includes(column);
    return byBearer(row, column, { ...who, mayWrite }, who.app!);
  });
});

Deno.test("the matrix lists each page, route and tool that there is, and none that is gone", () => {
  const listed = (matrix: string, columns: number) =>
    new Set(rowsOf(matrix, columns).map(({ method, path }) => `${method} ${path}`));
  const pagesOf = (access: "member" | "anyone") =>
    PAGES.filter((page) => page.access === access).flatMap((page) => [
      ...(page.get ? [`GET ${page.path}`] : []),
      ...(page.post ?? page.upload ? [`POST ${page.path}`] : []),
    ]).sort();
  assert.deepEqual([...listed(PAGE_MATRIX, COLUMNS.length)].sort(), pagesOf("member"));
  assert.deepEqual([...listed(PUBLIC_MATRIX, 2)].sort(), pagesOf("anyone"));
  const routes = REST_ROUTES.map(({ method, path }) => `${method} ${path}`);
  const asked = [...listed(TOKEN_MATRIX, TOKEN_COLUMNS.length)]
    .filter((key) => !key.startsWith("MCP "));
  assert.deepEqual(asked.sort(), routes.sort());
});

/** The roles in the order of the columns that stand for one. */
const ROLES = ["owner", "admin", "member", "viewer"] as const;

Deno.test("the roles' page tells the same as the matrix", () => {
  for (const row of rowsOf(PAGE_MATRIX, COLUMNS.length)) {
    const { permission } = PAGES.find(({ path }) => path === row.path)!;
    const needed = (row.method === "GET" ? permission?.read : permission?.write)!;
    ROLES.forEach((role, index) => {
      const letter = row.outcomes[index];
      const said = `${written(row, row.outcomes)}: ${role}, ${needed}`;
      // Of what is whose, and who may be given what, the page tells less than the matrix.
      if (!may(role, needed)) assert.equal(letter, "-", said);
      else if (!row.of) assert.notEqual(letter, "-", said);
    });
    const asks = "sensitive" in PERMISSIONS[needed];
    const stale = row.outcomes[COLUMNS.indexOf("stale")];
    if (asks) assert.equal(stale, "?", row.path);
    // Owners alone are asked when they leave: it takes ownership.
    else if (!row.of && row.path !== "/team/leave") assert.notEqual(stale, "?", row.path);
  }
  for (const row of rowsOf(TOKEN_MATRIX, TOKEN_COLUMNS.length)) {
    const route = REST_ROUTES.find(({ method, path }) =>
      method === row.method && path === row.path
    );
    if (!route) continue;
    ROLES.forEach((role, index) => {
      const { abilities } = route;
      const may = PERMISSIONS[route.permission].role;
      const allowed = (may === null || atLeast(role, may)) &&
        abilities.some((ability) => abilitiesOf(role).has(ability));
      const letter = row.outcomes[index];
      if (!allowed) assert.equal(letter, "-", `${written(row, row.outcomes)}: ${role}`);
      // Two pairs of eyes: what a line asked for, none of it approves.
      else if (row.of !== "line") {
        assert.notEqual(letter, "-", `${written(row, row.outcomes)}: ${role}`);
      }
    });
  }
});
