import { type ActivityFilter, AUDIT_ACTIONS } from "../../audit/mod.ts";
import { type AnyId, isId } from "../../ids.ts";

/** The names of what the list of activity can be narrowed down by, as they stand in its address. */
export const FILTERS = [
  "action",
  "user",
  "app",
  "token",
  "endpoint",
  "tool",
  "table",
  "since",
  "until",
] as const;

const DAY_MS = 86_400_000;

const id = <Id extends AnyId>(text: string | null) => text && isId(text) ? text as Id : undefined;

const name = (text: string | null) => text?.trim() || undefined;

/** A day in UTC as a browser's date field sends it. */
function day(text: string | null, after = 0): Date | undefined {
  if (!text || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at + after);
}

/** Reads the filter of an address. What is none bounds nothing: an address that was typed is a page. */
export function activityFilter(query: URLSearchParams): ActivityFilter {
  return {
    userId: id(query.get("user")),
    tokenId: id(query.get("token")),
    app: name(query.get("app")),
    tool: name(query.get("tool")),
    table: name(query.get("table")),
    endpointId: id(query.get("endpoint")),
    action: AUDIT_ACTIONS.find((action) => action === query.get("action")),
    since: day(query.get("since")),
    until: day(query.get("until"), DAY_MS),
  };
}

/** The address of the list with the filters of another, and what is given besides. */
export function activityAddress(query: URLSearchParams, more: Record<string, string> = {}): string {
  const kept = FILTERS.flatMap((name) => {
    const value = query.get(name);
    return value ? [[name, value]] : [];
  });
  const all = new URLSearchParams([...kept, ...Object.entries(more)]).toString();
  return all ? `/activity?${all}` : "/activity";
}
