/**
 * A process that changes a file and is killed on the way, as by a power cut of its own:
 * `node edit-child.js FILE EDIT STEP whole|half`. EDIT: JSON of a `FileEdit`, patches as text; `null`: the file is only opened.
 * STEP: the system call that is the last one, from 1; `half`: of a write, only the first half happens. Ends with 0 where it gets through.
 */
import type { FileEdit } from "../../src/io/target.js";
import { openEditableFile } from "../../src/runtime/node/editable-file.js";
import { killingDoor } from "./killing-door.js";

const [, , file = "", given = "null", step = "0", how = "whole"] = process.argv;
const door = killingDoor(Number(step), how === "half" ? "half" : "whole");

const editable = await openEditableFile(file, { native: { seek: null, libdeflate: null, copyRange: null }, door });
const edit = JSON.parse(given) as (Omit<FileEdit, "patches"> & { patches: { at: number; text: string }[] }) | null;
if (edit !== null) {
  const patches = edit.patches.map(({ at, text }) => ({ at, bytes: new TextEncoder().encode(text) }));
  await editable.apply({ ...edit, patches });
}
await editable.close();
