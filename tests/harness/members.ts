import { abilitiesOf, readSession, type Session, startSession } from "../../lib/auth/mod.ts";
import { SYSTEM_ACTOR } from "../../lib/audit/mod.ts";
import { connect } from "../../lib/postgres/mod.ts";
import type { Role } from "../../lib/principal.ts";
import type { Services } from "../../lib/services.ts";
import { testCluster } from "./cluster.ts";
import { requestOf, type TestServices, type TestTenant, testTenant } from "./services.ts";

/** Runs statements in a test's control database past row-level security. */
export async function pastRowSecurity<T>(
  { control }: Pick<TestServices, "control">,
  work: (sql: ReturnType<typeof connect>) => Promise<T>,
): Promise<T> {
  const url = new URL((await testCluster()).superuserUrl);
  url.pathname = `/${control.database}`;
  const sql = connect(url.href, { max: 1 });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

/** Makes somebody a member of a tenant: a person of their own, with a confirmed address. */
export async function testMember(
  test: TestServices,
  { tenantId }: TestTenant,
  role: Role,
): Promise<TestTenant> {
  const person = await testTenant(test.services, "Home");
  const { userId, email } = person;
  await pastRowSecurity(test, (sql) =>
    sql`
    INSERT INTO members (tenant_id, user_id, role) VALUES (${tenantId}, ${userId}, ${role})`);
  const principal = {
    ...person.scope.principal,
    tenantId,
    role,
    scope: role === "viewer" ? "mcp" : "mcp:write",
    abilities: abilitiesOf(role),
  } as const;
  return { tenantId, userId, email, scope: requestOf(principal) };
}

/** The session that a person signs in to in a tenant. */
export async function testSession(services: Services, person: TestTenant): Promise<Session> {
  const { access } = await startSession(services, person, SYSTEM_ACTOR);
  return (await readSession(services, access))!;
}
