import type { FunctionComponent } from "preact";
import { Island } from "../island.tsx";

interface CodeBlockProps {
  label: string;
  code: string;
  /** The island that copies; passed in, for islands lie above this folder. */
  copy: FunctionComponent<{ text: string; label: string }>;
}

/** Text to take away, with a button that copies it where scripts run. */
export function CodeBlock({ label, code, copy }: CodeBlockProps) {
  return (
    <figure class="code">
      <figcaption>
        {label}
        <Island of={copy} props={{ text: code, label }} />
      </figcaption>
      <pre tabIndex={0} aria-label={label}><code>{code}</code></pre>
    </figure>
  );
}
