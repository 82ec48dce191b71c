import type { AuthorizationError, RedirectTarget } from "../../oauth/mod.ts";
import { ButtonLink } from "../components/form.tsx";
import { Compartment, Facts, Hold, PageHead } from "../components/layout.tsx";
import { Notice } from "../components/pieces.tsx";
import { Identity } from "./consent_view.tsx";

const isRefusal = ({ code }: AuthorizationError) => code === "access_denied";

/** What the page is called. */
export const leaveTitle = (error: AuthorizationError) =>
  isRefusal(error) ? "You did not let the app in" : "The app was not connected";

/** What went wrong, in a person's words. */
function reasonOf({ code }: AuthorizationError): string {
  switch (code) {
    case "access_denied":
      return "It was given nothing, and nothing has changed. It does not know yet: if it waits for an answer, go back to it.";
    case "invalid_scope":
      return "It asked for permissions that do not exist here.";
    case "invalid_target":
      return "It asked for an address that is no MCP endpoint of this server.";
    default:
      return "It asked in a way that this server does not accept. That is a mistake of the app, not yours.";
  }
}

/** Where the link leads, as a person should understand it. */
function destination({ kind, host }: RedirectTarget): string {
  switch (kind) {
    case "web":
      return host;
    case "loopback":
      return `a program on this computer (${host})`;
    case "app":
      return `the program on this computer that opens ${host} links`;
  }
}

/**
 * What stands between an error and an app that anybody could have registered (RFC 9700, section 4.11.2):
 * who it says it is, where it wants the browser to go, and a link that the person has to press.
 */
export function LeaveView(
  { error, tenantName }: { error: AuthorizationError; tenantName: string },
) {
  const { client, redirect, code, description, location } = error;
  const target = destination(redirect);
  return (
    <>
      <PageHead title={leaveTitle(error)} crumbs={[]} />
      <Notice
        tone={isRefusal(error) ? "info" : "danger"}
        title={isRefusal(error) ? `You refused “${client.name}”` : `“${client.name}” was refused`}
      >
        <p>{reasonOf(error)}</p>
      </Notice>
      <Hold>
        <Compartment id="who" title="Who asked" about="As it calls itself.">
          <Facts facts={[{ label: "App", value: client.name }]} />
          <Identity client={client} tenantName={tenantName} />
        </Compartment>
        <Compartment
          id="target"
          title="Where it wants you to go"
          about="You are not sent there automatically."
        >
          <p>
            The link below leads to <strong class="host">{target}</strong>{" "}
            and tells it of the refusal, nothing else. Use it only if you came from there.
          </p>
          {!isRefusal(error) && (
            <p class="small soft">
              What the app is told: <code>{code}</code>: {description}
            </p>
          )}
        </Compartment>
      </Hold>
      <div class="row">
        <ButtonLink href="/" tone="primary">Go to the start</ButtonLink>
        <a href={location}>
          {redirect.kind === "web" ? `Continue to ${redirect.host}` : `Go back to ${target}`}
        </a>
      </div>
    </>
  );
}
