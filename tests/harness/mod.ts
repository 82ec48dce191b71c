/** Real Postgres, real services, throwaway. */
export {
  bootstrapParts,
  createControl,
  leaveCluster,
  tenantMigrations,
  TEST_KEY,
  testCluster,
  type TestControl,
} from "./cluster.ts";
export {
  presentedFrom,
  requestOf,
  type TestServices,
  testServices,
  type TestTenant,
  testTenant,
} from "./services.ts";
export { pastRowSecurity, testMember, testSession } from "./members.ts";
export { serve, type Served } from "./serve.ts";
export { type Json, type RestAnswer, RestClient, startRest, testToken } from "./rest.ts";
export { SoftAuthenticator, type Wrong } from "./authenticator.ts";
export { CookieJar } from "./browser_like.ts";
export { migrated } from "./migrated.ts";
export { latestMail, signedUp } from "./people.ts";
export { startSite } from "./site.ts";
