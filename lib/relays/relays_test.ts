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
  // Once it is claimed, a first note would come after the look for one.
  await deleteEndpoint(services, entered, async () => {
    await assert.rejects(services.relays.want(entered.endpoint), denied);
  });
  await assert.rejects(services.relays.want(entered.endpoint), denied);
});

Deno.test("notes are renewed beside the writes, waited for when they are old, and by a late wake()", async () => {
  await using test = await testServices();
  const { services } = test;
  const { scope } = await testTenant(services);
  const { endpoint } = await createEndpoint(services, scope, "noted");
  const { control, state } = counted(services.control);
  let now = 0;
  const relays = createRelays(control, () => now);
  await relays.want(endpoint);
  now += 14_000;
  await relays.want(endpoint);
  assert.equal(state.transactions, 1);
  // Beside: even where it fails, since the note still holds.
  now += 2_000;
  state.failing = true;
  await relays.want(endpoint);
  await relays.close();
  assert.equal(state.transactions, 2);
  now += 15_000;
  await assert.rejects(relays.want(endpoint), AppError);
  state.failing = false;
  await relays.want(endpoint);
  assert.equal(state.transactions, 4);
  now += 29_000;
  relays.wake(endpoint.id);
  await relays.close();
  assert.equal(state.transactions, 4);
  now += 2_000;
  relays.wake(endpoint.id);
  await relays.close();
  assert.equal(state.transactions, 5);
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
