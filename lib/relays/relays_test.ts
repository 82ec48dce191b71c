import assert from "node:assert/strict";
import { createEndpoint, deleteEndpoint } from "../endpoints/mod.ts";
import { AppError } from "../errors.ts";
import type { EndpointId } from "../ids.ts";
import type { Control } from "../postgres/mod.ts";
import { testServices, testTenant } from "../../tests/harness/mod.ts";
import { createRelays } from "./mod.ts";

/** A control database that counts its transactions, and fails while it is told to. */
function counted(control: Control) {
  const state = { transactions: 0, failing: false };
  const made: Control = {
    ...control,
    tenant(tenantId, work) {
      state.transactions++;
      if (state.failing) return Promise.reject(new AppError("UNAVAILABLE"));
      return control.tenant(tenantId, work);
    },
  };
  return { control: made, state };
}

Deno.test("want() notes once for many writes, and lets nothing be written that it could not note", async () => {
  await using test = await testServices();
  const { services } = test;
  const { scope, tenantId } = await testTenant(services);
  const { endpoint } = await createEndpoint(services, scope, "noted");
  const { control, state } = counted(services.control);
  const relays = createRelays(control);

  state.failing = true;
  await assert.rejects(relays.want(endpoint), AppError);
  state.failing = false;
  state.transactions = 0;
  await Promise.all(Array.from({ length: 20 }, () => relays.want(endpoint)));
  for (let i = 0; i < 20; i++) await relays.want(endpoint);
  assert.equal(state.transactions, 1);
  const noted = () =>
    services.control.tenant(
      tenantId,
      (tx) =>
        tx<{ seconds: number }[]>`
          SELECT extract(epoch FROM wanted_until - now())::float8 AS seconds FROM relays`,
    );
  const [first] = await noted();
  assert.ok(first!.seconds > 30 && first!.seconds <= 60);
  // A note of another process never shortens it.
  await services.control.tenant(
    tenantId,
    (tx) => tx`UPDATE relays SET wanted_until = now() + interval '1 hour'`,
  );
  await createRelays(control).want(endpoint);
  const [later] = await noted();
  assert.ok(later!.seconds > 3000);
  await relays.close();
});

Deno.test("want() is refused for an endpoint that is gone, or of another tenant", async () => {
  await using test = await testServices();
  const { services } = test;
  const tenant = await testTenant(services, "A");
  const stranger = await testTenant(services, "B");
  const entered = await createEndpoint(services, tenant.scope, "gone");
  const { id } = entered.endpoint;
  const denied = { name: "AppError", code: "ACCESS_DENIED" };
  await assert.rejects(services.relays.want({ id, tenantId: stranger.tenantId }), denied);
  await deleteEndpoint(services, entered, () => Promise.resolve());
  await assert.rejects(services.relays.want(entered.endpoint), denied);
});

Deno.test("wake() is heard until the hearer leaves", async () => {
  await using test = await testServices();
  const relays = createRelays(test.services.control);
  const heard: EndpointId[] = [];
  const leave = relays.onWake((id) => heard.push(id));
  relays.wake("one" as EndpointId);
  leave();
  relays.wake("two" as EndpointId);
  assert.deepEqual(heard, ["one"]);
});
