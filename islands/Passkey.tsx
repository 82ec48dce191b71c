import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
  WebAuthnError,
} from "@simplewebauthn/browser";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  /** Makes a passkey, or uses one. */
  use: "create" | "get";
  /** Path that answers WebAuthn's options. */
  options: string;
  /** What the button says. */
  label: string;
  primary: boolean;
  /** Offers passkeys in the page's address field too, where the browser does. */
  autofill?: boolean | undefined;
}

type State = "hidden" | "unsupported" | "ready" | "busy";

/** What went wrong, in words; null for what is nobody's fault: another request took its place. */
function wordsOf(error: unknown): string | null {
  if (error instanceof WebAuthnError) {
    if (error.code === "ERROR_CEREMONY_ABORTED") return null;
    if (error.code === "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED") {
      return "This device holds a passkey of your account already.";
    }
  }
  if (error instanceof Error && error.name === "NotAllowedError") {
    return "No passkey was used: it was cancelled, or took too long.";
  }
  return error instanceof Refused ? error.message : "That did not work. Try again.";
}

class Refused extends Error {}

/** The options, asked for with the token of the form that the answer goes into. */
async function fetchOptions(path: string, form: HTMLFormElement) {
  const csrf = form.querySelector<HTMLInputElement>("[name=csrf_token]")?.value ?? "";
  const answer = await fetch(path, {
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      "x-csrf-token": csrf,
    },
  });
  const body = await answer.json();
  if (answer.ok) return body;
  throw new Refused([body.title, body.detail].filter(Boolean).join(" "));
}

/**
 * Makes or uses a passkey, puts the answer into the field `credential` of the form that it stands in, and
 * sends that. Hidden until scripts run: without them no browser does it.
 */
export default function Passkey({ use, options, label, primary, autofill }: Props) {
  const here = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<State>("hidden");
  const [fault, setFault] = useState("");

  async function run(byAutofill: boolean) {
    const form = here.current?.closest("form");
    const field = form?.querySelector<HTMLInputElement>("[name=credential]");
    if (!form || !field) return;
    const optionsJSON = await fetchOptions(options, form);
    const answer = use === "create"
      ? await startRegistration({ optionsJSON })
      : await startAuthentication({ optionsJSON, useBrowserAutofill: byAutofill });
    field.value = JSON.stringify(answer);
    form.submit();
  }

  async function press() {
    const form = here.current?.closest("form");
    if (form && !form.reportValidity()) return;
    setState("busy");
    setFault("");
    try {
      await run(false);
    } catch (error) {
      setFault(wordsOf(error) ?? "");
      setState("ready");
    }
  }

  useEffect(() => {
    setState(browserSupportsWebAuthn() ? "ready" : "unsupported");
    if (!autofill) return;
    // Offered besides, and given up silently: the button is there.
    const offer = async () => void (await browserSupportsWebAuthnAutofill() && await run(true));
    offer().catch(() => {});
  }, []);

  return (
    <div class="field" ref={here}>
      {state === "unsupported" && <p class="soft">This browser does not support passkeys.</p>}
      {fault && <p class="error" role="alert">{fault}</p>}
      <button
        type="button"
        class={primary ? "button primary" : "button"}
        hidden={state === "hidden" || state === "unsupported"}
        disabled={state === "busy"}
        onClick={press}
      >
        {state === "busy" ? "Waiting for your passkey…" : label}
      </button>
    </div>
  );
}
