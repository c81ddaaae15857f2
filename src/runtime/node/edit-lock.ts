import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { FerryError } from "../../base/errors.js";
import { systemError } from "./errors.js";

/** A lock that ends with the process at the latest. */
export interface EditLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a file, for changes where it lies. It is a name that only one socket of the machine can have, and that the system takes
 * back when its process ends, however it ends: nothing has to be cleaned up, and no left-over stops anybody.
 * Processes in other network namespaces (containers) and on other machines do not see it.
 * @param file device and inode: other names of the file have the same lock
 * @throws `io/busy`
 */
export async function lockForEdit(
  file: { readonly dev: number; readonly ino: number },
  label: string,
): Promise<EditLock> {
  return lockByName(`edit-${file.dev}-${file.ino}`, label);
}

/**
 * Takes the lock of anything that has a name of its own among all of vmferry's locks, in the same way.
 * @throws `io/busy`
 */
export async function lockByName(name: string, label: string): Promise<EditLock> {
  const server = createServer((socket) => socket.destroy());
  try {
    await listen(server, lockName(`vmferry-${name}`));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw systemError("write", label, cause);
    throw new FerryError("io/busy", `${label} is being changed by another process`, {
      hint: "Wait for it to end, or stop it, and run again.",
    });
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function lockName(name: string): string {
  if (process.platform === "linux") return `\0${name}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : path.join(tmpdir(), name);
}

function listen(server: Server, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(name, resolve);
  });
}
