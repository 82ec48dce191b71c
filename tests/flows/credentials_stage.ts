/** Two processes over one control database, and tokens that both know. */
import assert from "node:assert/strict";
import { ABILITIES, type Principal, type RequestScope } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import {
  authenticate,
  type MintedToken,
  mintToken,
  type TokenRequest,
} from "../../lib/tokens/mod.ts";
import { presentedFrom, requestOf, testServices, testSession, testTenant } from "../harness/mod.ts";

/** A token that may do everything, but for what is named. */
export const request = (changes: Partial<TokenRequest> = {}): TokenRequest => ({
  name: "agent",
  scope: "mcp:write",
  abilities: ABILITIES,
  endpoints: "all",
  ...changes,
});

/** Two processes over one control database, and a tenant with its owner. */
export async function credentialStage() {
  const stack = new AsyncDisposableStack();
  const one = stack.use(await testServices());
  const other = stack.use(await testServices({ control: one.control }));
  const tenant = await testTenant(one.services);
  return {
    test: one,
    services: one.services,
    both: [one.services, other.services] as const,
    tenant,
    owner: await testSession(one.services, tenant),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What that answers. */
export type Stage = Awaited<ReturnType<typeof credentialStage>>;

/** Authenticates with a token. */
export const as = (
  services: Services,
  { token }: MintedToken,
  address?: string,
): Promise<Principal> => authenticate(services, presentedFrom(`Bearer ${token}`, address));

/** A request by a token. */
export const actingBy = async (services: Services, minted: MintedToken): Promise<RequestScope> =>
  requestOf(await as(services, minted));

/** Mints by a token. */
export const childOf = async (
  { services }: Stage,
  parent: MintedToken,
  changes?: Partial<TokenRequest>,
) => mintToken(services, await actingBy(services, parent), request(changes));

/** Both processes know the token by now, and would go on with it out of their caches. */
export async function lives({ both }: Stage, ...tokens: MintedToken[]): Promise<void> {
  for (const services of both) for (const token of tokens) await as(services, token);
}

/** Neither process takes the tokens. */
export async function isOver({ both }: Stage, ...tokens: MintedToken[]): Promise<void> {
  for (const services of both) {
    for (const token of tokens) {
      await assert.rejects(as(services, token), { code: "AUTHENTICATION_REQUIRED" });
    }
  }
}
