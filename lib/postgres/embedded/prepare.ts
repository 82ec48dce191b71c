import { join } from "node:path";
import { serverAccount } from "./account.ts";
import { findBinaries } from "./binaries.ts";
import { chooseHome, makeFolder, recordedHome } from "./home.ts";
import { clearLeftovers, identityOf } from "./leftovers.ts";
import { lockFolder } from "./lock.ts";
import { inOperatorsWords } from "./startup_error.ts";
import { helperPrograms } from "./run.ts";

/** What a process needs to be allowed that runs the embedded Postgres. */
export interface PreparedPostgres {
  /** Absolute paths of the programs that it runs. */
  readonly programs: readonly string[];
  /** The folder of cluster, password and port; it may lie outside of the data folder. */
  readonly home: string;
}

/**
 * Does beforehand what `startEmbeddedPostgres` needs wide permissions for: makes the folders, creates
 * the system user where there is none, copies programs that the user could not reach, and ends a server
 * that a killed process left behind. A process with narrow permissions starts it afterwards.
 *
 * @throws StartupError in words for the operator, also where another process has the folder.
 */
export function prepareEmbeddedPostgres(
  { dataDir, say }: { readonly dataDir: string; readonly say: (line: string) => void },
): Promise<PreparedPostgres> {
  return inOperatorsWords(dataDir, async () => {
    await makeFolder(dataDir);
    const inside = join(await Deno.realPath(dataDir), "postgres");
    await makeFolder(inside);
    using locks = new DisposableStack();
    locks.use(await lockFolder(inside));
    const recorded = await recordedHome(inside);
    const account = await serverAccount(join(recorded ?? inside, "cluster"), say);
    const home = await chooseHome(inside, recorded, account, say);
    if (home !== inside) locks.use(await lockFolder(home));
    const { initdb, postgres } = await findBinaries(account, say);
    await clearLeftovers(identityOf(home, account), say);
    return { programs: [initdb, postgres, ...await helperPrograms()], home };
  });
}
