import { createDenialRecorder, createTokenUseRecorder, createUsageRecorder } from "../audit/mod.ts";
import { createCaches } from "../cache/mod.ts";
import { type Clock, systemClock } from "../clock.ts";
import { type Config, isLoopback } from "../config.ts";
import { createVault, type MasterKey } from "../crypto/mod.ts";
import { createJobs } from "../jobs/mod.ts";
import { createLimiter } from "../limits/mod.ts";
import type { Log } from "../log.ts";
import { createMailer, mailboxMailer, smtpMailer } from "../mail/mod.ts";
import { folderObjects } from "../objects/mod.ts";
import {
  clusterProvisioner,
  createPools,
  ensureTemplate,
  type Migration,
  openControl,
} from "../postgres/mod.ts";
import { createRelays } from "../relays/mod.ts";
import { joinReplicas } from "../replicas/mod.ts";
import type { RedirectSchemes } from "../redirect_schemes.ts";
import type { Services } from "../services.ts";
import { dataKeyStore } from "../tenants/mod.ts";

/** What is decided before services can be opened. */
export interface OpenInput {
  readonly adminUrl: string;
  readonly appUrl: string;
  readonly baseUrl: URL;
  readonly allowedOrigins: ReadonlySet<string>;
  readonly trustedProxies: readonly string[];
  /** Folder for uploads. */
  readonly objectsDir: string;
  readonly masterKey: MasterKey;
  /** Trail that makes the template of endpoints' databases. */
  readonly tenantMigrations: readonly Migration[];
  readonly log: Log;
  readonly clock?: Clock;
  readonly mail?: Config["mail"];
  readonly redirectSchemes?: RedirectSchemes;
  readonly hstsSubdomains?: boolean;
  readonly anchorWebhook?: URL | null;
}

/** Services, and how to close them in order. */
export interface OpenServices {
  readonly services: Services;
  close(): Promise<void>;
}

/** Without a server for mail, only its own developer may read it: a page shows it, on loopback. */
function mailerOf({ mail, baseUrl, log }: OpenInput, clock: Clock) {
  if (mail) return smtpMailer(mail.smtpUrl.reveal(), mail.from, log);
  return isLoopback(baseUrl.hostname) ? mailboxMailer(clock, log) : createMailer(null, log);
}

/** Opens everything that the process needs over a cluster that `bootstrap` made ready. */
export async function openServices(input: OpenInput): Promise<OpenServices> {
  const clock = input.clock ?? systemClock;
  const control = openControl(input.appUrl);
  const pools = createPools();
  const provisioner = clusterProvisioner(
    input.adminUrl,
    (admin) => ensureTemplate(admin, input.adminUrl, input.tenantMigrations),
    input.tenantMigrations,
  );
  const caches = createCaches(clock);
  const replicas = await joinReplicas({ url: input.appUrl, caches, log: input.log });
  const relays = createRelays(control);
  const usage = createUsageRecorder(control, input.log);
  const tokenUse = createTokenUseRecorder(control, clock, input.log);
  const denials = createDenialRecorder(control, clock, input.log);
  const jobs = await createJobs({ url: input.appUrl, log: input.log });
  const mailer = mailerOf(input, clock);
  const services: Services = Object.freeze({
    baseUrl: input.baseUrl,
    allowedOrigins: input.allowedOrigins,
    trustedProxies: input.trustedProxies,
    redirectSchemes: input.redirectSchemes ?? new Set(),
    hstsSubdomains: input.hstsSubdomains ?? false,
    anchorWebhook: input.anchorWebhook ?? null,
    control,
    pools,
    provisioner,
    vault: createVault(input.masterKey, dataKeyStore(control)),
    masterKey: input.masterKey,
    caches,
    replicas,
    relays,
    limiter: createLimiter(clock),
    usage,
    tokenUse,
    denials,
    objects: folderObjects(input.objectsDir),
    jobs,
    mailer,
    clock,
    log: input.log,
  });
  return {
    services,
    async close() {
      // Jobs first, since they use everything else; what they leave is taken up at the next start.
      await jobs.close();
      await mailer.close();
      await usage.close();
      await tokenUse.close();
      await denials.close();
      await pools.close();
      await provisioner.close();
      await replicas.close();
      await relays.close();
      await control.close();
    },
  };
}
