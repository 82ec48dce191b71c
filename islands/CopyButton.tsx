import { useEffect, useState } from "preact/hooks";

/** Copies a text. Hidden until scripts run: without them it could do nothing. */
export default function CopyButton({ text, label }: { text: string; label: string }) {
  const [ready, setReady] = useState(false);
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => setReady(true), []);

  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
    } catch {
      // No permission, or no secure context: the text beside it can still be selected.
      setState("failed");
    }
    setTimeout(() => setState("idle"), 2500);
  }

  return (
    <span class="row" hidden={!ready}>
      <span class="visually-hidden" role="status">
        {state === "copied" ? `${label}: copied` : state === "failed" ? "Copying failed" : ""}
      </span>
      <button type="button" class="button quiet" onClick={copy} aria-label={`Copy: ${label}`}>
        {state === "copied" ? "Copied" : state === "failed" ? "Select it by hand" : "Copy"}
      </button>
    </span>
  );
}
