import type { DenialRecorder, TokenUseRecorder, UsageRecorder } from "./audit/mod.ts";
import type { Caches } from "./cache/mod.ts";
import type { Clock } from "./clock.ts";
import type { MasterKey, Vault } from "./crypto/mod.ts";
import type { Jobs } from "./jobs/mod.ts";
import type { Limiter } from "./limits/mod.ts";
import type { Log } from "./log.ts";
import type { Mailer } from "./mail/mod.ts";
import type { Objects } from "./objects/mod.ts";
import type { Control, Pools, Provisioner } from "./postgres/mod.ts";
import type { RedirectSchemes } from "./redirect_schemes.ts";
import type { Relays } from "./relays/mod.ts";
import type { Replicas } from "./replicas/mod.ts";

/** What the process has: opened once by `main.ts`, passed as an argument to what needs it. */
export interface Services {
  /** The public origin, without a path: links, MCP URLs, cookies and CORS are judged by it. */
  readonly baseUrl: URL;
  /** Origins that may call besides our own. */
  readonly allowedOrigins: ReadonlySet<string>;
  /** Addresses and CIDR ranges of proxies whose forwarding headers are believed. */
  readonly trustedProxies: readonly string[];
  /** URI schemes at which apps may be answered besides those that are apps' own. */
  readonly redirectSchemes: RedirectSchemes;
  /** Whether browsers shall insist on https for the hosts below ours too. */
  readonly hstsSubdomains: boolean;
  /** Where signed anchors of the audit log go, besides the table; null: nowhere. */
  readonly anchorWebhook: URL | null;
  readonly control: Control;
  /** Connections to endpoints' databases; `openEndpoint` alone borrows from it. */
  readonly pools: Pools;
  readonly provisioner: Provisioner;
  readonly vault: Vault;
  readonly masterKey: MasterKey;
  readonly caches: Caches;
  /** The other processes over the same control database: told at once what to forget. */
  readonly replicas: Replicas;
  /** Which endpoints' journals wait to be carried into the audit log. */
  readonly relays: Relays;
  readonly limiter: Limiter;
  readonly usage: UsageRecorder;
  /** When tokens were last used. */
  readonly tokenUse: TokenUseRecorder;
  /** What known tokens were refused. */
  readonly denials: DenialRecorder;
  /** Uploaded files until they are loaded. */
  readonly objects: Objects;
  readonly jobs: Jobs;
  readonly mailer: Mailer;
  readonly clock: Clock;
  readonly log: Log;
}
