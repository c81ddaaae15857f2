/**
 * A process that changes a file and is killed on the way, as by a power cut of its own:
 * `node edit-child.js FILE EDIT STEP whole|half`. EDIT: JSON of a `FileEdit`, patches as text; `null`: the file is only opened.
 * STEP: the system call that is the last one, from 1; `half`: of a write, only the first half happens. Ends with 0 where it gets through.
 */
import type { FileEdit } from "../../src/io/target.js";
import { type EditDoor, fileSystemDoor } from "../../src/runtime/node/edit-door.js";
import { openEditableFile } from "../../src/runtime/node/editable-file.js";

const [, , file = "", given = "null", step = "0", how = "whole"] = process.argv;
let left = Number(step);

/** Does one thing that lasts, and ends the process where it was the last one. */
async function counted(act: () => Promise<void>, half: () => Promise<void> = act): Promise<void> {
  left--;
  await (left === 0 && how === "half" ? half() : act());
  if (left === 0) {
    process.kill(process.pid, "SIGKILL");
    await new Promise(() => {});
  }
}

const door: EditDoor = {
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

const editable = await openEditableFile(file, { native: { seek: null, libdeflate: null, copyRange: null }, door });
const edit = JSON.parse(given) as (Omit<FileEdit, "patches"> & { patches: { at: number; text: string }[] }) | null;
if (edit !== null) {
  const patches = edit.patches.map(({ at, text }) => ({ at, bytes: new TextEncoder().encode(text) }));
  await editable.apply({ ...edit, patches });
}
await editable.close();
