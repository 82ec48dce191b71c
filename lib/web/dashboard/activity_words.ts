import type { ActivityEntry } from "../../audit/mod.ts";
import { isId } from "../../ids.ts";
import { formatCount } from "../components/pieces.tsx";
import { ACTION_TEXT } from "./action_text.ts";

/** What happened, in words: several entries where they are rows of one change. */
export interface Happening {
  /** The newest of its entries. */
  readonly entry: ActivityEntry;
  /** `Row changed`, `12 rows changed`. */
  readonly what: string;
  /** What it was done to: a table, a name; empty where that is nothing. */
  readonly subject: string;
  /** How a table belongs to it: `Row deleted` `from` a table; null where the subject is none. */
  readonly place: string | null;
  /** More about it, each a phrase. */
  readonly facts: readonly string[];
  /** The page that shows the change itself; null where there is none. */
  readonly changePath: string | null;
  /** The page that says what to do about a token that leaked; null where none did. */
  readonly leakPath: string | null;
  /** Where what a denied call lacked can be given; null where there is no such place. */
  readonly fix: { readonly path: string; readonly text: string } | null;
}

const ROWS: Readonly<Record<string, { readonly done: string; readonly place: string }>> = {
  "row.inserted": { done: "added", place: "to" },
  "row.updated": { done: "changed", place: "in" },
  "row.deleted": { done: "deleted", place: "from" },
};

/** What happened to what belongs to a table, and how it is told apart from the table. */
const FOR_TABLE: ReadonlySet<string> = new Set([
  "rules.changed",
  "table.opened",
  "change.queued",
  "change.approved",
  "change.rejected",
]);

/** Parts of a table's field rules, as `/v1` names them. */
const RULES: Readonly<Record<string, string>> = {
  hidden: "hidden columns",
  read_only: "read-only columns",
  row_filter: "row filter",
  insert: "adding",
  update: "changing",
  delete: "deleting",
};

const WRITING: Readonly<Record<string, string>> = {
  off: "off",
  direct: "at once",
  review: "after review",
};

const REASONS: Readonly<Record<string, string>> = {
  INSUFFICIENT_SCOPE: "the token is not allowed to",
  ACCESS_DENIED: "the token does not cover it",
  TABLE_READ_ONLY: "it may only read this table",
  WRITES_OFF: "writing is off for this endpoint",
  TABLE_RULES: "the table's rules do not allow it",
  NETWORK_NOT_ALLOWED: "it came from a network that is not allowed",
};

const COLUMNS_SHOWN = 6;

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];

function columnsOf(entries: readonly ActivityEntry[]): string | null {
  const all = [...new Set(entries.flatMap(({ detail }) => strings(detail["columns"])))];
  if (all.length === 0) return null;
  const more = all.length - COLUMNS_SHOWN;
  const shown = all.slice(0, COLUMNS_SHOWN).join(", ");
  return `${all.length === 1 ? "column" : "columns"} ${shown}` +
    (more > 0 ? ` and ${formatCount(more)} more` : "");
}

function deniedFacts({ detail }: ActivityEntry): string[] {
  const count = Number(detail["count"]);
  const reason = String(detail["reason"]);
  const missing = detail["missing"];
  return [
    ...(count > 1 ? [`${formatCount(count)} times`] : []),
    missing && reason === "INSUFFICIENT_SCOPE" ? `it lacks ${missing}` : REASONS[reason] ?? reason,
    ...(typeof detail["table"] === "string" ? [`table ${detail["table"]}`] : []),
  ];
}

function writesFacts({ detail }: ActivityEntry): string[] {
  const [before, now] = [detail["before"], detail["writes"]].map((mode) => WRITING[String(mode)]);
  return before && now ? [`from “${before}” to “${now}”`] : [];
}

function factsOf(entries: readonly ActivityEntry[]): string[] {
  const { action, tool, subject, detail } = entries[0]!;
  if (action === "writes.changed") return writesFacts(entries[0]!);
  if (action === "change.undone") return [];
  if (action === "rules.changed") return strings(detail["columns"]).map((one) => RULES[one] ?? one);
  const columns = columnsOf(entries);
  return [
    ...(columns ? [columns] : []),
    ...(action === "call.denied" ? deniedFacts(entries[0]!) : []),
    ...(tool && tool !== subject ? [`with ${tool}`] : []),
    ...(detail["by"] === "operator" ? ["from the server's command line"] : []),
    ...(detail["undoes"] ? ["to undo an earlier change"] : []),
  ];
}

/** What stands on the pages of the review, whatever came of it. */
const REVIEWED: ReadonlySet<string> = new Set([
  "change.queued",
  "change.approved",
  "change.rejected",
]);

/** Of a bearer token that people minted: an app's whole connection has ended. */
function leakPathOf({ action, detail }: ActivityEntry): string | null {
  const id = detail["token_id"];
  const leaked = action === "token.revoked" && detail["by"] !== undefined && !detail["grant_id"];
  return leaked && typeof id === "string" && isId(id) ? `/tokens/${id}/leaked` : null;
}

/** Where an owner changes what a call was refused for. */
function fixOf(entry: ActivityEntry): Happening["fix"] {
  const { action, appName, endpointSlug, detail } = entry;
  if (action !== "call.denied") return null;
  const { reason, table } = detail;
  const access = endpointSlug && `/endpoints/${endpointSlug}/access`;
  if (reason === "WRITES_OFF") return access ? { path: access, text: "Change writing" } : null;
  if (reason === "TABLE_RULES") {
    return access && typeof table === "string"
      ? { path: `${access}/${encodeURIComponent(table)}`, text: "Change the table's rules" }
      : null;
  }
  return appName ? { path: "/apps", text: "See the app's access" } : {
    path: entry.tokenId ? `/tokens/${entry.tokenId}` : "/tokens",
    text: "See the token's access",
  };
}

function happening(entries: readonly ActivityEntry[]): Happening {
  const entry = entries[0]!;
  const { action, subject, endpointSlug, detail } = entry;
  const rows = ROWS[action];
  const change = detail["change"];
  return {
    entry,
    what: rows && entries.length > 1
      ? `${formatCount(entries.length)} rows ${rows.done}`
      : ACTION_TEXT[action] ?? action,
    // An id says nothing to a person.
    subject: subject && !isId(subject) ? subject : "",
    place: rows?.place ?? (FOR_TABLE.has(action) ? "for" : null),
    facts: factsOf(entries),
    // A change of field rules has no page among the rows' changes.
    changePath: action !== "rules.changed" && endpointSlug && typeof change === "string" &&
        isId(change)
      ? `/endpoints/${endpointSlug}/${REVIEWED.has(action) ? "review" : "changes"}/${change}`
      : null,
    leakPath: leakPathOf(entry),
    fix: fixOf(entry),
  };
}

/** Whether two entries, one behind the other, are rows of one change. */
const together = (a: ActivityEntry, b: ActivityEntry) =>
  a.action in ROWS && a.action === b.action && a.subject === b.subject &&
  typeof a.detail["change"] === "string" && a.detail["change"] === b.detail["change"];

/** Puts entries into words, in their order. */
export function happenings(entries: readonly ActivityEntry[]): Happening[] {
  const groups: ActivityEntry[][] = [];
  for (const entry of entries) {
    const group = groups.at(-1);
    if (group && together(group[0]!, entry)) group.push(entry);
    else groups.push([entry]);
  }
  return groups.map(happening);
}
