import { authorize, may } from "../../lib/auth/mod.ts";
import { parseId, type TokenId } from "../../lib/ids.ts";
import { replaceLeaked, traceToken } from "../../lib/leaks/mod.ts";
import { changesThings } from "../../lib/principal.ts";
import {
  Badge,
  CouldView,
  DidView,
  Hold,
  memberPage,
  PageHead,
  ReconnectStep,
  ReportNotice,
  StopStep,
  UndoStep,
} from "../../lib/web/mod.ts";
import { chosenTime } from "../changes/chosen.ts";

const DAY_MS = 86_400_000;

/** `/tokens/{id}/leaked`: what to do about a token that others may have, step by step. */
export const leakedTokenPage = memberPage("/tokens/:id/leaked", {
  async get(page) {
    const { services, scope, session } = page;
    const id = parseId<TokenId>(page.param("id"));
    const since = chosenTime(page.url.searchParams.get("since")) ??
      new Date(services.clock.now() - DAY_MS);
    const traces = await traceToken(services, scope, id, since);
    const { token } = traces;
    const minute = since.toISOString().slice(0, 16);
    return page.render(
      { title: `Leaked: ${token.name}`, section: "tokens" },
      <>
        <PageHead
          title={`Leaked: ${token.name}`}
          crumbs={[{ href: "/tokens", label: "Tokens" }]}
          lead={
            <>
              <code>{token.prefix}…</code> {token.revokedAt
                ? <Badge tone="good">Revoked</Badge>
                : <Badge tone="danger">Still works</Badge>}
            </>
          }
        />
        <ReportNotice traces={traces} />
        <Hold>
          <StopStep traces={traces} mayMint={may(session.role, "tokens:write")} />
          <UndoStep
            traces={traces}
            since={minute}
            mayUndo={may(session.role, "changes:undo")}
          />
          <ReconnectStep
            traces={traces}
            mcpUrl={(slug) => new URL(`/mcp/${slug}`, services.baseUrl).href}
          />
          <DidView traces={traces} since={minute} shownSince={since} />
          <CouldView traces={traces} />
        </Hold>
      </>,
    );
  },
  async post(page) {
    const { services, scope, session } = page;
    const id = parseId<TokenId>(page.param("id"));
    const { token: old } = await traceToken(services, scope, id, new Date(services.clock.now()));
    // It hands out a secret as minting does.
    const now = services.clock.now();
    if (old.allEndpoints) authorize(session, "tokens:mint_all", now);
    if (old.abilities.some(changesThings)) authorize(session, "tokens:mint_writing", now);
    const { token, view } = await replaceLeaked(services, scope, id);
    await page.showOnce(JSON.stringify({ token, id: view.id }));
    return page.redirect("/tokens/minted");
  },
});
