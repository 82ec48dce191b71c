import { principalOf, type Session } from "../../lib/auth/mod.ts";
import type { EndpointId } from "../../lib/ids.ts";
import { type AuthorizationRequest, consentChoices, formTarget } from "../../lib/oauth/mod.ts";
import type { RequestScope } from "../../lib/principal.ts";
import { ConsentView, type FormFields, type PageRequest, shownReach } from "../../lib/web/mod.ts";
import { tableChoices } from "../tokens/table_choices.ts";

/** Who decides, as a request carries them. */
export const scopeOf = (page: PageRequest, session: Session): RequestScope => ({
  requestId: page.requestId,
  principal: principalOf(session),
  tenantId: session.tenantId,
  network: page.actor.network,
  signal: page.request.signal,
});

/** What was chosen before, and what is wrong with it. */
interface Shown {
  chosen?: readonly EndpointId[];
  fault?: string;
  /** The form as it was sent. */
  typed?: FormFields;
  tablesFault?: string;
}

/** Shows the consent page. */
export async function ask(
  page: PageRequest & { session: Session },
  request: AuthorizationRequest,
  query: string,
  { chosen, fault, typed, tablesFault }: Shown = {},
): Promise<Response> {
  const { session } = page;
  const scope = scopeOf(page, session);
  const choices = await consentChoices(page.services, scope, request);
  const tables = await tableChoices(page.services, scope);
  return page.render(
    { title: `Connect ${request.client.name}`, formTargets: [formTarget(request.redirect)] },
    <ConsentView
      request={request}
      choices={choices}
      session={session}
      query={query}
      chosen={chosen ?? choices.named.map(({ id }) => id)}
      fault={fault}
      tables={tables}
      typed={typed ?? shownReach(tables, choices.today)}
      tablesFault={tablesFault}
    />,
    fault || tablesFault ? 422 : 200,
  );
}
