import { may } from "../../lib/auth/mod.ts";
import { parseId, type TokenId } from "../../lib/ids.ts";
import { readLine } from "../../lib/tokens/mod.ts";
import {
  Button,
  Confirm,
  Form,
  Hold,
  LineTree,
  memberPage,
  PageHead,
  TokenFacts,
} from "../../lib/web/mod.ts";

/** `/tokens/{id}`: what a token may do, what made it, what it made, and what each of them did. */
export const tokenPage = memberPage("/tokens/:id", {
  async get(page) {
    const { services, scope, session } = page;
    const line = await readLine(services, scope, parseId<TokenId>(page.param("id")));
    const { id, name, prefix } = line.token;
    return page.render(
      { title: name, section: "tokens" },
      <>
        <PageHead
          title={name}
          crumbs={[{ href: "/tokens", label: "Tokens" }]}
          lead={<code>{prefix}…</code>}
          actions={
            <Confirm summary="Revoke" label={`Revoke ${name}`} quiet>
              <p class="small">It is refused at once, and every token that was made by it ends.</p>
              <Form action={`/tokens/${id}/revoke`} inline>
                <Button tone="danger solid">Revoke now</Button>
              </Form>
            </Confirm>
          }
        />
        <Hold>
          <TokenFacts token={line.token} />
          <LineTree
            line={line}
            now={services.clock.now()}
            mayFollow={may(session.role, "activity:read")}
          />
        </Hold>
      </>,
    );
  },
});
