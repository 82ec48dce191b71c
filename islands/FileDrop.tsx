import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  /** Where the form goes; answers `{"location"}`, or a problem document. */
  action: string;
  csrfToken: string;
  /** Extensions, as the `accept` attribute takes them. */
  accept: string;
  button: string;
  /** What is wrong with what was sent before. */
  error?: string | undefined;
  /** Asks for the endpoint's name; else the file goes to one that exists. */
  askName?: boolean | undefined;
  /** Tables of the endpoint that the file may be added to. */
  tables?: readonly string[] | undefined;
}

type State =
  | { readonly at: "idle" }
  | { readonly at: "sending"; readonly sent: number; readonly total: number }
  | { readonly at: "sent" };

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

const BROKEN = "The upload broke off. Check the connection and send the file again.";

/** What went wrong, from a problem document. */
function faultOf(request: XMLHttpRequest): string {
  try {
    const { title, detail } = JSON.parse(request.responseText);
    return [title, detail].filter(Boolean).join(" ") || BROKEN;
  } catch {
    return BROKEN;
  }
}

function Field({ name, label, hint }: { name: string; label: string; hint: string }) {
  return (
    <div class="field">
      <label for={`drop-${name}`}>{label}</label>
      <span class="hint" id={`drop-${name}-hint`}>{hint}</span>
      <input
        class="input"
        id={`drop-${name}`}
        name={name}
        maxLength={200}
        aria-describedby={`drop-${name}-hint`}
      />
    </div>
  );
}

function Target({ tables }: { tables: readonly string[] }) {
  return (
    <div class="field">
      <label for="drop-append">Where it goes</label>
      <select class="input" id="drop-append" name="target" aria-describedby="drop-append-hint">
        <option value="">A new table</option>
        {tables.map((table) => (
          <option key={`append:${table}`} value={`append:${table}`}>
            {`Add its rows to ${table}`}
          </option>
        ))}
        {tables.map((table) => (
          <option key={`replace:${table}`} value={`replace:${table}`}>
            {`Replace the rows of ${table}`}
          </option>
        ))}
      </select>
      <span class="hint" id="drop-append-hint">An import can be undone for seven days.</span>
      <label class="choice">
        <input type="checkbox" name="again" value="yes" />
        <span>Load it even if the same bytes were loaded before</span>
      </label>
    </div>
  );
}

/**
 * Hands in a file. Without scripts it is a plain form; with them the file can be dropped on it, and
 * the upload tells how far it is.
 */
export default function FileDrop(props: Props) {
  const { action, csrfToken, accept, button, askName, tables = [] } = props;
  const [state, setState] = useState<State>({ at: "idle" });
  const [fault, setFault] = useState(props.error);
  const [over, setOver] = useState(false);
  const [chosen, setChosen] = useState("");
  const [live, setLive] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const request = useRef<XMLHttpRequest | null>(null);
  useEffect(() => setLive(true), []);
  const busy = state.at !== "idle";

  function send(event: SubmitEvent) {
    event.preventDefault();
    if (!input.current?.files?.length) {
      setFault("Choose a file first.");
      input.current?.focus();
      return;
    }
    const total = input.current.files[0]!.size;
    const xhr = request.current = new XMLHttpRequest();
    const fail = (text: string) => {
      setFault(text);
      setState({ at: "idle" });
    };
    xhr.open("POST", action);
    xhr.setRequestHeader("accept", "application/json");
    xhr.setRequestHeader("x-csrf-token", csrfToken);
    xhr.upload.onprogress = ({ loaded }) => setState({ at: "sending", sent: loaded, total });
    xhr.upload.onload = () => setState({ at: "sent" });
    xhr.onerror = () => fail(BROKEN);
    xhr.onabort = () => fail("The upload was cancelled. Nothing of it stays.");
    xhr.onload = () => {
      if (xhr.status !== 200) return fail(faultOf(xhr));
      location.assign(JSON.parse(xhr.responseText).location);
    };
    xhr.send(new FormData(event.currentTarget as HTMLFormElement));
    setFault(undefined);
    setState({ at: "sending", sent: 0, total });
  }

  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer?.files[0];
    if (!file || busy || !input.current) return;
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.current.files = transfer.files;
    setChosen(file.name);
    setFault(undefined);
  }

  let progress: ComponentChildren = null;
  if (state.at !== "idle") {
    const whole = state.at === "sent";
    progress = (
      <div class="progress">
        <div class="label">
          <span>{whole ? "Received, starting the load" : `Sending ${chosen}`}</span>
          <span>
            {whole
              ? ""
              : `${megabytes(Math.min(state.sent, state.total))} of ${megabytes(state.total)}`}
          </span>
        </div>
        <progress
          aria-label="Upload"
          max={whole ? undefined : Math.max(state.total, 1)}
          value={whole ? undefined : state.sent}
        />
      </div>
    );
  }

  return (
    <form class="form" method="post" action={action} encType="multipart/form-data" onSubmit={send}>
      <input type="hidden" name="csrf_token" value={csrfToken} />
      {askName && (
        <Field
          name="name"
          label="Name (optional)"
          hint="How you tell it from others. Else the file's name."
        />
      )}
      {tables.length > 0 && <Target tables={tables} />}
      <div
        class={over ? "drop over" : "drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() =>
          setOver(false)}
        onDrop={drop}
      >
        <label for="drop-file">
          <strong>{live ? "Drop a file here, or choose one" : "Choose a file"}</strong>
        </label>
        <span class="hint" id="drop-file-hint">CSV, TSV, JSON or NDJSON, up to 5 GB.</span>
        <input
          class="input"
          type="file"
          id="drop-file"
          name="file"
          accept={accept}
          required
          ref={input}
          aria-describedby={fault ? "drop-file-hint drop-file-error" : "drop-file-hint"}
          aria-invalid={fault ? "true" : undefined}
          onChange={(event) => {
            setChosen(event.currentTarget.files?.[0]?.name ?? "");
            setFault(undefined);
          }}
        />
        {fault && <span class="error" id="drop-file-error" role="alert">{fault}</span>}
        {progress}
      </div>
      <div class="row">
        <button type="submit" class="button primary" disabled={busy}>{button}</button>
        {state.at === "sending" && (
          <button
            type="button"
            class="button"
            onClick={() => request.current?.abort()}
          >
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}
