import { z } from "zod";
import { AppError } from "../errors.ts";

const report = z.array(z.object({
  token: z.string(),
  type: z.string(),
  url: z.string().nullish().transform((url) => url || null),
}));

/** One match of GitHub's scanners. */
export type Reported = z.infer<typeof report>[number];

/** What GitHub learns of a match: whether it is, or was, a token of ours. */
export interface Label {
  readonly token_raw: string;
  readonly token_type: string;
  readonly label: "true_positive" | "false_positive";
}

/**
 * Parses what GitHub's scanners found.
 *
 * @throws AppError INVALID_REQUEST.
 */
export function parseReport(body: unknown): Reported[] {
  const parsed = report.safeParse(body);
  // What zod says could repeat a token.
  if (!parsed.success) throw new AppError("INVALID_REQUEST", "Send an array of matches.");
  return parsed.data;
}

/** The answer to a report, match by match. */
export function labelsOf(matches: readonly Reported[], ours: readonly boolean[]): Label[] {
  return matches.map(({ token, type }, index) => ({
    token_raw: token,
    token_type: type,
    label: ours[index] ? "true_positive" : "false_positive",
  }));
}
