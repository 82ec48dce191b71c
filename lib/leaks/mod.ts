/** Tokens that somebody found in public: revoked by whoever reports them. */
export { createGithubKeys, GITHUB_KEYS_URL, type GithubKeys } from "./github_keys.ts";
export { type Label, labelsOf, parseReport, type Reported } from "./github_report.ts";
export { type LeakedToken, type LeakSource, revokeLeaked } from "./revoke.ts";
export { isSignedBy } from "./signature.ts";
export {
  type CalledTool,
  type DoneAction,
  type LeakReport,
  type PastToken,
  replaceLeaked,
  type TokenTraces,
  traceToken,
} from "./traces.ts";
