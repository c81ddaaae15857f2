import { diskResize } from "../../../operations/disk/amend.js";
import { renderAmend } from "../../../report/amend-text.js";
import { renderJson } from "../../../report/json.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { openDiskForChange } from "../../editable.js";
import { judge } from "../../exit-codes.js";
import { flag, json, sizeOf } from "../../options.js";
import { withSession } from "../../session.js";
import { fileArgument, fromOption } from "./options.js";

/** `vmferry disk resize DISK SIZE`. */
export const diskResizeCommand: CommandDefinition = defineCommand({
  arguments: [
    fileArgument,
    { name: "SIZE", what: "the new capacity, such as 40GiB, or what to add, such as +10GiB", complete: [] },
  ],
  options: { dryRun: flag("--dry-run", "show the sizes, and write nothing"), from: fromOption, json },
  details: [
    "Makes the disk larger where it lies; what is new reads as zeros. The guest still has to grow its partitions and file systems. A disk is never made smaller.",
    "The file is changed with an undo journal beside it: a run that is stopped leaves it as it was. Shut the machine down first.",
  ],
  examples: ["disk resize server.qcow2 40GiB", "disk resize server.vhdx +10GiB --dry-run"],
  async run([name = "", size = ""], options, cli) {
    const bytes = sizeOf("SIZE", size.replace(/^\+/, ""));
    return withSession({}, cli, async (session) => {
      const disk = await openDiskForChange(name, options.from, session);
      try {
        const capacity = size.startsWith("+") ? { addBytes: bytes } : { bytes };
        const result = await diskResize(disk, capacity, options.dryRun ? "plan" : "apply", session.ctx);
        await cli.terminal.data(options.json ? renderJson(result) : renderAmend(result, cli.terminal.dataPalette));
        return judge(result.diagnostics);
      } finally {
        await disk.close();
      }
    });
  },
});
