import { type FileHandle, open, rm } from "node:fs/promises";

/** An open file, as far as changing files needs one. All reads and writes are whole or throw. */
export interface EditHandle {
  readonly size: () => Promise<number>;
  read(into: Uint8Array, at: number): Promise<void>;
  write(bytes: Uint8Array, at: number): Promise<void>;
  truncate(size: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The system calls by which a file is changed where it lies, in one place: tests stop a process after each of them. */
export interface EditDoor {
  /** `wx`: a new file, which must not exist. */
  open(path: string, flags: "r" | "r+" | "wx"): Promise<EditHandle>;
  remove(path: string): Promise<void>;
  /** Makes names that were made or removed in a folder last. */
  syncFolder(folder: string): Promise<void>;
}

/** The door to the real file system. */
export const fileSystemDoor: EditDoor = {
  open: async (path, flags) => handleOf(await open(path, flags)),
  remove: (path) => rm(path),
  syncFolder,
};

/** Makes what names in a folder say safe on disk. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders: there the rename and removal of names are in its own journal.
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function handleOf(handle: FileHandle): EditHandle {
  return {
    size: async () => (await handle.stat()).size,
    async read(into, at): Promise<void> {
      for (let done = 0; done < into.length; ) {
        const { bytesRead } = await handle.read(into, done, into.length - done, at + done);
        if (bytesRead === 0) throw Object.assign(new Error("the file ends too early"), { code: "EIO" });
        done += bytesRead;
      }
    },
    async write(bytes, at): Promise<void> {
      for (let done = 0; done < bytes.length; ) {
        done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
      }
    },
    truncate: (size) => handle.truncate(size),
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}
