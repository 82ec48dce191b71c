import assert from "node:assert/strict";
import { authorize, PERMISSIONS } from "../../lib/auth/mod.ts";
import { PAGES } from "../../routes/pages.ts";
import { PAGE_PERMISSIONS } from "../../routes/permissions.ts";
import { REST_ROUTES } from "../../routes/v1/routes.ts";

const known = (permission: unknown) => Object.hasOwn(PERMISSIONS, String(permission));

Deno.test("every page declares what it needs to be read, and to be written to", () => {
  const members = PAGES.filter(({ access }) => access === "member");
  assert(members.length > 30);
  for (const { path, get, post, upload, permission } of members) {
    if (get) assert(known(permission?.read), `GET ${path} declares no permission`);
    if (post ?? upload) assert(known(permission?.write), `POST ${path} declares no permission`);
  }
});

Deno.test("every route of /v1 declares a permission that a token can have", () => {
  assert(REST_ROUTES.length > 10);
  for (const { method, path, permission, abilities } of REST_ROUTES) {
    assert(known(permission), `${method} ${path} declares no permission`);
    assert(abilities.length > 0, `${method} ${path} is for nobody`);
  }
});

Deno.test("no permission is declared for a page that is not there, or twice", () => {
  const paths = PAGES.map(({ path }) => path);
  assert.deepEqual(Object.keys(PAGE_PERMISSIONS).filter((path) => !paths.includes(path)), []);
  assert.equal(new Set(paths).size, paths.length);
});

Deno.test("what is not declared is denied, to tokens with every ability and to owners", () => {
  const owner = { role: "owner", authenticatedAt: new Date(), factorMissing: false } as const;
  for (const asker of [owner, { role: "owner" as const, abilities: new Set<never>() }]) {
    for (const permission of [undefined, "toString", "no:such"]) {
      assert.throws(() => authorize(asker, permission as never, Date.now()), {
        code: "ACCESS_DENIED",
      });
    }
  }
});
