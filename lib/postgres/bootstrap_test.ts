import assert from "node:assert/strict";
import { bootstrapParts, createControl } from "../../tests/harness/mod.ts";
import { bootstrap } from "./bootstrap.ts";
import { connect } from "./connect.ts";

Deno.test("bootstrap() starts again on what it made, with the same logins", async () => {
  const control = await createControl();
  try {
    const again = await bootstrap({
      ...await bootstrapParts(),
      url: control.adminUrl,
      controlDatabase: control.database,
    });
    assert.equal(again.appUrl, control.appUrl);
    const app = connect(again.appUrl, { max: 1 });
    const [role] = await app`
      SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls AS mighty
      FROM pg_catalog.pg_roles WHERE rolname = current_user`;
    assert.deepEqual(role, { mighty: false });
    await app.end();
  } finally {
    await control.drop();
  }
});
