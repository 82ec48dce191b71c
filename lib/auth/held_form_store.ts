import type { Control } from "../postgres/mod.ts";
import type { Session } from "./account.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Keeps what a session sent; the newest `most` of a session stay. */
export async function insertHeldForm(
  control: Control,
  { id: sessionId, tenantId }: Session,
  form: { id: string; path: string; sealed: Bytes; expiresAt: Date },
  most: number,
): Promise<void> {
  await control.lookup`
    SELECT lookup.hold_form(
      ${form.id}, ${sessionId}, ${tenantId}, ${form.path}, ${form.sealed}, ${form.expiresAt}, ${most}
    )`;
}

/** What is kept, and where it was sent; null where this session keeps no such thing in this team. */
export async function selectHeldForm(
  control: Control,
  { id: sessionId, tenantId }: Session,
  id: string,
): Promise<{ path: string; sealed: Bytes } | null> {
  const [row] = await control.lookup<{ path: string; sealed: Bytes }[]>`
    SELECT * FROM lookup.held_form(${id}, ${sessionId}, ${tenantId})`;
  return row ? { path: row.path, sealed: new Uint8Array(row.sealed) } : null;
}

/** Takes what is kept: of two at once, one gets it. */
export async function takeHeldForm(
  control: Control,
  { id: sessionId, tenantId }: Session,
  id: string,
  path: string,
): Promise<Bytes | null> {
  const [row] = await control.lookup<{ sealed: Bytes | null }[]>`
    SELECT lookup.take_form(${id}, ${sessionId}, ${tenantId}, ${path}) AS sealed`;
  return row!.sealed && new Uint8Array(row!.sealed);
}
