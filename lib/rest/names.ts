import { z } from "zod";

/** A name that people read: one line, without control characters. */
export const displayName = z.string().trim().min(1).max(200)
  // deno-lint-ignore no-control-regex -- control characters are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, "must hold no control characters");
