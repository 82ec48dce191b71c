import { connect, migrate, readMigrations, type Sql } from "../../lib/postgres/mod.ts";
import { createControl, testCluster } from "./cluster.ts";

const TRAIL = new URL("../../migrations/control/", import.meta.url);

/** Fills a control database as it was before a migration, brings it up to date, and looks at it. */
export async function migrated(
  version: number,
  fill: (inside: Sql) => Promise<void>,
  look: (inside: Sql) => Promise<void>,
): Promise<void> {
  const control = await createControl();
  const { superuser, superuserUrl } = await testCluster();
  const database = `filled_${crypto.randomUUID().slice(0, 8)}`;
  await superuser.unsafe(`CREATE DATABASE ${database} OWNER bulkhead_admin`);
  const at = (base: string) => {
    const url = new URL(base);
    url.pathname = `/${database}`;
    return connect(url.href, { max: 1 });
  };
  const [admin, inside] = [at(control.adminUrl), at(superuserUrl)];
  try {
    const trail = await readMigrations(TRAIL);
    await migrate(admin, trail.filter((one) => one.version < version));
    await fill(inside);
    await migrate(admin, trail);
    await look(inside);
  } finally {
    await inside.end({ timeout: 5 });
    await admin.end({ timeout: 5 });
    await superuser.unsafe(`DROP DATABASE ${database} WITH (FORCE)`);
    await control.drop();
  }
}
