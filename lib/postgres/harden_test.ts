import assert from "node:assert/strict";
import { endpointDatabase } from "../../tests/harness/endpoint_database.ts";
import { bootstrapParts, testCluster } from "../../tests/harness/mod.ts";
import { connect } from "./connect.ts";
import { hardenDescendants } from "./harden.ts";
import { BASE_DATABASE } from "./provision/template.ts";

Deno.test("hardenDescendants() brings up databases that were made before the hardening was changed", async () => {
  await using database = await endpointDatabase();
  const { superuser, superuserUrl } = await testCluster();
  const { hardening } = await bootstrapParts();
  const inside = new URL(superuserUrl);
  inside.pathname = `/${database.owner.options.database}`;
  const mayRead = async () => {
    const sql = connect(inside.href, { max: 1 });
    const [row] = await sql<{ may: boolean }[]>`
      SELECT has_function_privilege(${database.readerRole}, 'pg_lock_status()', 'EXECUTE') AS may`;
    await sql.end();
    return row!.may;
  };
  assert.equal(await mayRead(), false);
  const earlier = connect(inside.href, { max: 1 });
  await earlier.unsafe("GRANT EXECUTE ON FUNCTION pg_lock_status() TO PUBLIC");
  await earlier.end();
  // What was done last is what is asked for: nothing is touched.
  await hardenDescendants(superuser, superuserUrl, hardening);
  assert.equal(await mayRead(), true);
  await superuser.unsafe(`COMMENT ON DATABASE ${BASE_DATABASE} IS 'another hardening'`);
  await hardenDescendants(superuser, superuserUrl, hardening);
  assert.equal(await mayRead(), false);
  const templates = await superuser`
    SELECT FROM pg_database
    WHERE datallowconn AND (datname = ${BASE_DATABASE} OR starts_with(datname, 'bh_template_'))
      AND NOT datname LIKE '%draft'`;
  assert.equal(templates.length, 0, "templates are closed again");
});
