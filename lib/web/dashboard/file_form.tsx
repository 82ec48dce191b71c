import FileDrop from "../../../islands/FileDrop.tsx";
import { Island } from "../island.tsx";
import { useRendering } from "../rendering.ts";

interface FileFormProps {
  action: string;
  button: string;
  askName?: boolean;
  tables?: readonly string[];
  error?: string | undefined;
}

/** The form that hands in a file. */
export function FileForm(props: FileFormProps) {
  const { csrfToken } = useRendering();
  const accept = ".csv,.tsv,.tab,.txt,.json,.ndjson,.jsonl";
  return <Island of={FileDrop} props={{ ...props, csrfToken, accept }} />;
}
