import type { PackageReader } from "../package/model.js";
import { besideIntegrity, bytesOf, type CarryPlan, carryEntry, checkRoom, storedFiles } from "./carry.js";

/** Plans to lay every file of a package beside its descriptor, under its own name and byte for byte. */
export function planUnpack(reader: PackageReader): CarryPlan {
  const entries = storedFiles(reader.entries);
  const files = entries.map(({ name, size }) => ({ name, size }));
  return {
    schema: "vmferry/plan@1",
    losses: [],
    files,
    steps: entries.map(({ name }) => ({ action: "copy", subject: name, detail: "as it is" })),
    async execute(to, options, ctx) {
      await checkRoom(to, () => bytesOf(files));
      return besideIntegrity(reader, options, ctx, async (own) => {
        for (const entry of entries) await carryEntry(entry, to, own);
      });
    },
  };
}
