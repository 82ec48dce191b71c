import { dirname } from "node:path";

/** The content of a small text file, or null where there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Tells whether something lies at a path. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** Makes a rename or a new file in a folder survive a loss of power. */
export async function syncFolder(path: string): Promise<void> {
  using folder = await Deno.open(path);
  await folder.sync();
}

/**
 * Writes a file that is there whole or not at all, for the owner of its folder alone: what root adds
 * to an ordinary user's data stays that user's.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  const folder = dirname(path);
  await Deno.writeTextFile(fresh, text, { mode: 0o600 });
  const { uid, gid } = await Deno.stat(folder);
  if (uid !== Deno.uid()) await Deno.chown(fresh, uid, gid);
  {
    using file = await Deno.open(fresh, { write: true });
    await file.sync();
  }
  await Deno.rename(fresh, path);
  await syncFolder(folder);
}
