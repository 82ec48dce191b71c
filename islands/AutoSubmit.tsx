import { useEffect, useRef } from "preact/hooks";

/** Sends the form that it stands in as soon as scripts run; without them its button does. */
export default function AutoSubmit({ text }: { text: string }) {
  const here = useRef<HTMLParagraphElement>(null);
  useEffect(() => here.current?.closest("form")?.requestSubmit(), []);
  return <p class="soft" role="status" ref={here}>{text}</p>;
}
