import CopyButton from "../../../islands/CopyButton.tsx";
import { Island } from "../island.tsx";

/** Text to take away, with a button that copies it where scripts run. */
export function CodeBlock({ label, code }: { label: string; code: string }) {
  return (
    <figure class="code">
      <figcaption>
        {label}
        <Island of={CopyButton} props={{ text: code, label }} />
      </figcaption>
      <pre tabIndex={0} role="group" aria-label={label}><code>{code}</code></pre>
    </figure>
  );
}
