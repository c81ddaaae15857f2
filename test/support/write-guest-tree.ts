/** Writes a tree to a folder: `node dist/test/support/write-guest-tree.js FOLDER [NAMES | debian]`. NAMES: how many in the large directory. */
import { everyShape, writeTree } from "./guest-tree.js";
import { DEBIAN } from "./linux-trees.js";

const [folder, what = "60"] = process.argv.slice(2);
if (folder === undefined) throw new Error("which folder?");
await writeTree(folder, what === "debian" ? DEBIAN : everyShape(Number(what)));
