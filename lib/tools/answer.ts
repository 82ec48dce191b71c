/** What a tool answers. */
export interface ToolAnswer {
  /** The text for the model. */
  readonly text: string;
  /** The structured content as JSON text, spliced into the response as it is; null for errors. */
  readonly structured: string | null;
  /** Whether the text tells of a fault that the model can act on. */
  readonly isError: boolean;
}
