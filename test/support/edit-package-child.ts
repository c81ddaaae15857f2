/**
 * A process that edits a package where it lies and is killed on the way: `node edit-package-child.js FILE STEP whole|half`. Ends with 0 where it gets
 * through, with 3 where there is no room.
 */
import { planEdit } from "../../src/operations/edit/edit.js";
import { noEdits } from "../../src/platforms/ovf/edit/edits.js";
import { openEditableFile } from "../../src/runtime/node/editable-file.js";
import { createContext, createNodeRuntime } from "../../src/runtime/node/runtime.js";
import { killingDoor } from "./killing-door.js";

const [, , name = "", step = "0", how = "whole"] = process.argv;
const runtime = createNodeRuntime({ worker: new URL("../../src/worker-node.js", import.meta.url), workers: 0 });
const ctx = createContext(runtime);
const door = killingDoor(Number(step), how === "half" ? "half" : "whole");
const file = await openEditableFile(name, { native: runtime.native, door });
const edits = { ...noEdits, cpus: 7, annotation: "added" };
const plan = await planEdit({ kind: "file", source: file.source, name: "x.ova", folder: null }, { edits }, ctx);
const done = await plan.apply(file, new Date(0), ctx);
await plan.close();
await file.close();
await runtime.close();
process.exitCode = done === null ? 3 : 0;
