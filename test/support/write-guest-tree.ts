/** Writes the tree of `everyShape` to a folder: `node dist/test/support/write-guest-tree.js FOLDER [NAMES]`. */
import { everyShape, writeTree } from "./guest-tree.js";

const [folder, names = "60"] = process.argv.slice(2);
if (folder === undefined) throw new Error("which folder?");
await writeTree(folder, everyShape(Number(names)));
