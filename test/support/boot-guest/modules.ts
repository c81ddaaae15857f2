import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { readTree } from "./tree.js";

/** A kernel module, ready to be loaded when those before it are. */
export interface KernelModule {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Names with `_`, as modules name each other; files have `-` as well. */
function plain(name: string): string {
  return name.replaceAll("-", "_");
}

/**
 * Modules with all that they need, in an order in which they can be loaded. What is built into the kernel is left out.
 * @param folder `/lib/modules/VERSION`
 */
export async function modulesInOrder(folder: string, names: readonly string[]): Promise<readonly KernelModule[]> {
  const files = new Map<string, string>();
  for (const file of await readTree(join(folder, "kernel"))) {
    if (file.endsWith(".ko")) files.set(plain(basename(file, ".ko")), file);
  }
  const list = await readFile(join(folder, "modules.builtin"), "utf8");
  const builtIn = new Set(list.split("\n").map((line) => plain(basename(line, ".ko"))));
  const ordered = new Map<string, KernelModule>();
  const add = async (wanted: string): Promise<void> => {
    const name = plain(wanted);
    if (builtIn.has(name) || ordered.has(name)) return;
    const file = files.get(name);
    if (file === undefined) throw new Error(`the kernel has no module ${name}`);
    const bytes = await readFile(file);
    for (const needed of dependencies(bytes)) await add(needed);
    ordered.set(name, { name, bytes });
  };
  for (const name of names) await add(name);
  return [...ordered.values()];
}

/** The modules that a module names in its section `.modinfo`: `depends=a,b`, between zeros. */
function dependencies(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes).toString("latin1");
  const found = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? "";
  return found === "" ? [] : found.split(",");
}
