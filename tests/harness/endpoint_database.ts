import { randomName } from "../../lib/ids.ts";
import { clusterProvisioner, connect, ensureTemplate, type Sql } from "../../lib/postgres/mod.ts";
import { createControl, tenantMigrations } from "./cluster.ts";

/** An endpoint's database without an endpoint: made as provisioning makes it, for tests below endpoints. */
export interface EndpointDatabase extends AsyncDisposable {
  readonly owner: Sql;
  readonly readerUrl: string;
  readonly readerRole: string;
  readonly writerUrl: string;
  readonly writerRole: string;
}

/** Makes one; `await using` drops it with its roles. */
export async function endpointDatabase(): Promise<EndpointDatabase> {
  const control = await createControl();
  const migrations = await tenantMigrations();
  const provisioner = clusterProvisioner(
    control.adminUrl,
    (admin) => ensureTemplate(admin, control.adminUrl, migrations),
    migrations,
  );
  const stem = `bh_${randomName(16)}`;
  const login = (kind: string) => ({ role: `${stem}_${kind}`, password: randomName(24) });
  const spec = {
    databaseName: stem,
    owner: login("o"),
    writer: login("w"),
    reader: login("r"),
  };
  await provisioner.provision(spec);
  const urls = provisioner.urls(spec);
  const owner = connect(urls.owner, { max: 3, name: "tests" });
  return {
    owner,
    readerUrl: urls.reader,
    readerRole: spec.reader.role,
    writerUrl: urls.writer,
    writerRole: spec.writer.role,
    async [Symbol.asyncDispose]() {
      await owner.end({ timeout: 5 });
      await provisioner.remove({
        databaseName: stem,
        ownerRole: spec.owner.role,
        writerRole: spec.writer.role,
        readerRole: spec.reader.role,
      });
      await provisioner.close();
      await control.drop();
    },
  };
}
