import { decrypt, encrypt } from "../crypto/mod.ts";
import { AppError } from "../errors.ts";
import { isId, newId, type UserId } from "../ids.ts";
import type { Services } from "../services.ts";
import type { Session } from "./account.ts";
import { insertHeldForm, selectHeldForm, takeHeldForm } from "./held_form_store.ts";
import { keysOf } from "./keys.ts";

/** Minutes that a form waits. */
export const HELD_MINUTES = 15;
/** Forms that wait for one session at most. */
const MOST = 5;
const LONGEST_PATH = 2000;
const MOST_BYTES = 66_000;

/** Id of a form that waits: of use in its own session alone, so that it may stand in an address. */
export type HeldFormId = string;

/** A form that waits. */
export interface HeldForm {
  readonly fields: URLSearchParams;
  /** Where its answer may send the browser besides to us, as a content policy names it. */
  readonly targets: readonly string[];
}

const place = ({ id, tenantId }: Session, held: HeldFormId, path: string) =>
  JSON.stringify(["held_forms.sealed", held, id, tenantId, path]);

async function open(
  services: Services,
  session: Session,
  { id, path, sealed }: { id: HeldFormId; path: string; sealed: Uint8Array },
): Promise<HeldForm> {
  const plain = decrypt((await keysOf(services)).form, sealed, place(session, id, path));
  const { fields, targets } = JSON.parse(new TextDecoder().decode(plain));
  return { fields: new URLSearchParams(fields), targets };
}

/**
 * Keeps a form that was refused until it is proved who sent it. Sealed, for there may be a password in it;
 * bound to the session, the team and the path.
 *
 * @param path Path and query that it was sent to.
 * @returns null where it, or its path, is too long to be kept.
 */
export async function holdForm(
  services: Services,
  session: Session,
  path: string,
  { fields, targets }: HeldForm,
): Promise<HeldFormId | null> {
  const id = newId<UserId>();
  const plain = new TextEncoder().encode(JSON.stringify({ fields: fields.toString(), targets }));
  if (path.length > LONGEST_PATH || plain.length > MOST_BYTES) return null;
  const sealed = encrypt((await keysOf(services)).form, plain, place(session, id, path));
  const expiresAt = new Date(services.clock.now() + HELD_MINUTES * 60_000);
  await insertHeldForm(services.control, session, { id, path, sealed, expiresAt }, MOST);
  return id;
}

/** Shows a form that waits, and where it was sent to; null where none does in this session and team. */
export async function readHeldForm(
  services: Services,
  session: Session,
  id: HeldFormId,
): Promise<HeldForm & { readonly path: string } | null> {
  const found = isId(id) ? await selectHeldForm(services.control, session, id) : null;
  if (!found) return null;
  return { ...await open(services, session, { id, ...found }), path: found.path };
}

/**
 * Takes the fields of a form that waits, once.
 *
 * @throws AppError FORM_SPENT where none does in this session and team for this path.
 */
export async function takeForm(
  services: Services,
  session: Session,
  path: string,
  id: HeldFormId,
): Promise<URLSearchParams> {
  const sealed = isId(id) ? await takeHeldForm(services.control, session, id, path) : null;
  if (!sealed) throw new AppError("FORM_SPENT");
  return (await open(services, session, { id, path, sealed })).fields;
}
