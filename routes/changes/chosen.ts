import { type GrantId, isId, type TokenId, type UserId } from "../../lib/ids.ts";

/** Who a form names: `app:`, `token:` or `person:` and an id; null for anything else. */
export function chosenActor(
  text: string | null,
): { readonly token: TokenId } | { readonly grant: GrantId } | { readonly person: UserId } | null {
  const [, kind, id = ""] = /^(app|token|person):(.+)$/.exec(text ?? "") ?? [];
  if (!isId(id)) return null;
  if (kind === "app") return { grant: id as GrantId };
  return kind === "token" ? { token: id as TokenId } : { person: id as UserId };
}

/** A day or a minute in UTC, as a browser's fields send them; undefined for anything else. */
export function chosenTime(text: string | null): Date | undefined {
  const day = /^\d{4}-\d{2}-\d{2}$/;
  const minute = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?$/;
  if (!text || !(day.test(text) || minute.test(text))) return undefined;
  const at = Date.parse(day.test(text) ? text : `${text}Z`);
  return Number.isNaN(at) ? undefined : new Date(at);
}
