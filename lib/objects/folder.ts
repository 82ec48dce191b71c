/** Stored files by key. Keys are made by us (`tenant/endpoint/ingest`), never by a client. */
export interface Objects {
  /** Stores a stream whole: it is on disk, or nothing is. Answers its size in bytes. */
  put(key: string, body: ReadableStream<Uint8Array>, signal?: AbortSignal): Promise<number>;
  /** Opens a stored file from its beginning; may be called again. */
  open(key: string): Promise<ReadableStream<Uint8Array>>;
  /** Removes a file; without effect where there is none. */
  remove(key: string): Promise<void>;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await Deno.open(path, { read: true });
  try {
    await folder.sync();
  } finally {
    folder.close();
  }
}

/** Stores files in a folder of this machine. */
export function folderObjects(root: string): Objects {
  const pathOf = (key: string) => {
    if (!/^[\w-]+(\/[\w-]+)*$/.test(key)) throw new Error("an object key holds names and slashes");
    return `${root}/${key}`;
  };
  return {
    async put(key, body, signal) {
      const path = pathOf(key);
      const folder = path.slice(0, path.lastIndexOf("/"));
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      const draft = `${path}.part`;
      const file = await Deno.open(draft, {
        write: true,
        create: true,
        truncate: true,
        mode: 0o600,
      });
      let size = 0;
      try {
        for await (const chunk of body) {
          signal?.throwIfAborted();
          for (let sent = 0; sent < chunk.length;) sent += await file.write(chunk.subarray(sent));
          size += chunk.length;
        }
        await file.syncData();
        await Deno.rename(draft, path);
        // The name too has to outlive a power cut: what was accepted is there afterwards.
        await syncFolder(folder);
      } catch (error) {
        await Deno.remove(draft).catch(() => {});
        throw error;
      } finally {
        file.close();
      }
      return size;
    },
    open: async (key) => (await Deno.open(pathOf(key), { read: true })).readable,
    async remove(key) {
      for (const path of [pathOf(key), `${pathOf(key)}.part`]) {
        await Deno.remove(path).catch((error) => {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        });
      }
    },
  };
}
