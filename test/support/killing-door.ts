/** System calls of a change of a file, of which one is the last: the process is killed there, as by a power cut of its own. */
import { type EditDoor, fileSystemDoor } from "../../src/runtime/node/edit-door.js";

/**
 * @param step the call that lasts and is the last one, from 1
 * @param how `half`: of a write, only the first half happens
 */
export function killingDoor(step: number, how: "whole" | "half"): EditDoor {
  let left = step;

  /** Does one thing that lasts, and ends the process where it was the last one. */
  async function counted(act: () => Promise<void>, half: () => Promise<void> = act): Promise<void> {
    left--;
    await (left === 0 && how === "half" ? half() : act());
    if (left === 0) {
      process.kill(process.pid, "SIGKILL");
      await new Promise(() => {});
    }
  }

  return {
    async open(path, flags) {
      const handle = await fileSystemDoor.open(path, flags);
      if (flags === "wx") await counted(async () => {});
      return {
        ...handle,
        write: (bytes, at) =>
          counted(
            () => handle.write(bytes, at),
            () => handle.write(bytes.subarray(0, Math.floor(bytes.length / 2)), at),
          ),
        truncate: (size) => counted(() => handle.truncate(size)),
        sync: () => counted(() => handle.sync()),
      };
    },
    remove: (path) => counted(() => fileSystemDoor.remove(path)),
    syncFolder: (folder) => counted(() => fileSystemDoor.syncFolder(folder)),
  };
}
