import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { newId, parseSlug } from "../ids.ts";
import { testCluster, testServices, testTenant } from "../../tests/harness/mod.ts";
import { connect } from "../postgres/mod.ts";
import {
  createEndpoint,
  deleteEndpoint,
  enterEndpoint,
  listEndpoints,
  openEndpoint,
  sweepEndpoints,
} from "./mod.ts";

const refusedWith = (code: string) => (error: unknown) =>
  error instanceof AppError && error.code === code;

Deno.test("createEndpoint() makes a database that its three roles reach", async () => {
  await using test = await testServices();
  const { services } = test;
  const { scope } = await testTenant(services);
  const endpoint = await createEndpoint(services, scope, "Movies 2026!");
  assert.match(endpoint.endpoint.slug, /^movies-2026-[0-9a-z]{8}$/);
  for (const role of ["owner", "writer", "reader"] as const) {
    const lease = await openEndpoint(services, endpoint, role);
    const [row] = await lease.sql<{ role: string; superuser: boolean }[]>`
      SELECT current_user AS role, current_setting('is_superuser')::boolean AS superuser`;
    assert.match(row!.role, new RegExp(`_${role[0]}$`));
    assert.equal(row!.superuser, false);
    lease.release();
  }
  assert.equal((await listEndpoints(services, scope)).length, 1);
});

Deno.test("deleteEndpoint() leaves neither database nor role nor row", async () => {
  await using test = await testServices();
  const { services } = test;
  const { scope } = await testTenant(services);
  const entered = await createEndpoint(services, scope, "short-lived");
  const lease = await openEndpoint(services, entered, "reader");
  const [row] = await lease.sql<{ name: string }[]>`SELECT current_database() AS name`;
  lease.release();
  await deleteEndpoint(services, entered, () => Promise.resolve());
  const { superuser } = await testCluster();
  assert.equal((await superuser`SELECT FROM pg_database WHERE datname = ${row!.name}`).length, 0);
  const roles = await superuser`SELECT FROM pg_roles WHERE starts_with(rolname, ${row!.name})`;
  assert.equal(roles.length, 0);
  assert.deepEqual(await listEndpoints(services, scope), []);
  await assert.rejects(
    enterEndpoint(services, scope, entered.endpoint.slug),
    refusedWith("ACCESS_DENIED"),
  );
});

Deno.test("createEndpoint() leaves nothing behind when provisioning fails, and can be retried", async () => {
  await using test = await testServices();
  const { superuser } = await testCluster();
  const { scope } = await testTenant(test.services);
  const made: string[] = [];
  let failing = true;
  const services = {
    ...test.services,
    provisioner: {
      ...test.services.provisioner,
      async provision(spec: Parameters<typeof test.services.provisioner.provision>[0]) {
        made.push(spec.databaseName);
        // A real failure half-way, after the roles: a database of that name exists already.
        if (failing) {
          await superuser.unsafe(`CREATE DATABASE ${spec.databaseName} OWNER bulkhead_admin`);
        }
        await test.services.provisioner.provision(spec);
      },
    },
  };
  await assert.rejects(
    createEndpoint(services, scope, "data"),
    refusedWith("PROVISIONING_FAILED"),
  );
  assert.deepEqual(await listEndpoints(services, scope), []);
  const stem = made[0]!;
  assert.equal((await superuser`SELECT FROM pg_database WHERE datname = ${stem}`).length, 0);
  const roles = await superuser`SELECT FROM pg_roles WHERE starts_with(rolname, ${stem})`;
  assert.equal(roles.length, 0);
  failing = false;
  assert.ok(await createEndpoint(services, scope, "data"));
});

Deno.test("sweepEndpoints() removes what a killed process left half made", async () => {
  await using test = await testServices();
  const { superuser, superuserUrl } = await testCluster();
  const { scope } = await testTenant(test.services);
  const provisioned = Promise.withResolvers<string>();
  const services = {
    ...test.services,
    provisioner: {
      ...test.services.provisioner,
      async provision(spec: Parameters<typeof test.services.provisioner.provision>[0]) {
        await test.services.provisioner.provision(spec);
        provisioned.resolve(spec.databaseName);
        // As if the process had been killed here: the call never ends.
        await new Promise(() => {});
      },
    },
  };
  void createEndpoint(services, scope, "data");
  const stem = await provisioned.promise;
  assert.equal(
    await sweepEndpoints(test.services, () => Promise.resolve()),
    0,
    "a claim that holds is left alone",
  );
  const url = new URL(superuserUrl);
  url.pathname = `/${test.control.database}`;
  const control = connect(url.href, { max: 1 });
  await control`UPDATE endpoints SET lease_until = now() - interval '1 second'`;
  await control.end();
  assert.equal(await sweepEndpoints(test.services, () => Promise.resolve()), 1);
  assert.deepEqual(await listEndpoints(test.services, scope), []);
  assert.equal((await superuser`SELECT FROM pg_database WHERE datname = ${stem}`).length, 0);
  const roles = await superuser`SELECT FROM pg_roles WHERE starts_with(rolname, ${stem})`;
  assert.equal(roles.length, 0);
});

Deno.test("enterEndpoint() refuses unknown, foreign and not covered endpoints alike", async () => {
  await using test = await testServices();
  const { services } = test;
  const a = await testTenant(services, "A");
  const b = await testTenant(services, "B");
  const ofA = await createEndpoint(services, a.scope, "data");
  const narrowed = {
    ...a.scope,
    principal: { ...a.scope.principal, endpoints: new Set([newId()]) as ReadonlySet<never> },
  };
  const refusals = [
    enterEndpoint(services, b.scope, ofA.endpoint.slug),
    enterEndpoint(services, narrowed, ofA.endpoint.slug),
    enterEndpoint(services, a.scope, parseSlug("no-such-endpoint")),
  ];
  const told = await Promise.all(
    refusals.map((refusal) =>
      refusal.then(() => "entered", (error: AppError) => `${error.code} ${error.detail}`)
    ),
  );
  assert.deepEqual(new Set(told), new Set(["ACCESS_DENIED undefined"]));
});
