import { type ActivityEntry, AUDIT_ACTIONS, type AuditAction } from "../../audit/mod.ts";
import { isId } from "../../ids.ts";
import { Button, ButtonLink, Field, Select } from "../components/form.tsx";
import { type Column, Table, Time } from "../components/pieces.tsx";
import { ACTION_TEXT } from "./action_text.ts";

const KINDS: Readonly<Record<ActivityEntry["kind"], string>> = {
  dashboard: "Dashboard",
  mcp: "MCP",
  rest: "REST API",
  agent: "Agent",
  system: "Bulkhead",
};

function Who({ entry }: { entry: ActivityEntry }) {
  const { userId, email, tokenId, tokenName, kind } = entry;
  return (
    <>
      {userId && <a href={`/activity?user=${userId}`}>{email ?? "Someone who left"}</a>}
      {userId && tokenId && <br />}
      {tokenId && <a href={`/activity?token=${tokenId}`}>{tokenName ?? "An app"}</a>}
      {!userId && !tokenId && KINDS[kind]}
    </>
  );
}

const COLUMNS: readonly Column<ActivityEntry>[] = [
  { head: "When", cell: ({ at }) => <Time at={at} />, tight: true },
  { head: "Who", cell: (entry) => <Who entry={entry} /> },
  { head: "What", cell: ({ action }) => ACTION_TEXT[action] ?? action },
  { head: "To what", cell: ({ subject }) => subject ?? "" },
  { head: "Endpoint", cell: ({ endpointName }) => endpointName ?? "" },
  {
    head: "From",
    cell: ({ kind, network }) => network ? `${KINDS[kind]}, ${network}` : KINDS[kind],
  },
];

interface FiltersProps {
  query: URLSearchParams;
  endpoints: readonly { id: string; name: string }[];
}

/** The form that narrows the list down; who and with which token stay as they were chosen. */
export function ActivityFilters({ query, endpoints }: FiltersProps) {
  const any = { value: "", label: "Any" };
  const actions = AUDIT_ACTIONS.map((value: AuditAction) => ({ value, label: ACTION_TEXT[value] }));
  const value = (name: string) => query.get(name) ?? "";
  const kept = ["user", "token"].filter((name) => isId(value(name)));
  return (
    <form method="get" action="/activity" class="form" aria-label="Filter">
      {kept.map((name) => <input key={name} type="hidden" name={name} value={value(name)} />)}
      <Select
        name="action"
        label="What"
        value={value("action")}
        options={[any, ...actions]}
      />
      <Select
        name="endpoint"
        label="Endpoint"
        value={value("endpoint")}
        options={[any, ...endpoints.map(({ id, name }) => ({ value: id, label: name }))]}
      />
      <Field name="since" type="date" label="From (UTC)" value={value("since")} />
      <Field name="until" type="date" label="Until (UTC)" value={value("until")} />
      <div class="row">
        <Button>Filter</Button>
        <ButtonLink href="/activity" tone="quiet">Show everything</ButtonLink>
      </div>
    </form>
  );
}

/** What happened, newest first. */
export function ActivityTable({ entries }: { entries: readonly ActivityEntry[] }) {
  return <Table caption="Activity" columns={COLUMNS} rows={entries} />;
}
