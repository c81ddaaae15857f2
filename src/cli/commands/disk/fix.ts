import { diskFix } from "../../../operations/disk/amend.js";
import { renderAmend } from "../../../report/amend-text.js";
import { renderJson } from "../../../report/json.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { openDiskForChange } from "../../editable.js";
import { exitCodes } from "../../exit-codes.js";
import { flag, json } from "../../options.js";
import { withSession } from "../../session.js";
import { fileArgument, fromOption } from "./options.js";

/** `vmferry disk fix DISK`. */
export const diskFixCommand: CommandDefinition = defineCommand({
  arguments: [fileArgument],
  options: { dryRun: flag("--dry-run", "show what would be mended, and write nothing"), from: fromOption, json },
  details: [
    "Checks every structure of the image, mends what has one right answer, and checks again. Nothing that is mended changes what the guest reads.",
    "The file is changed where it lies, with an undo journal beside it: a run that is stopped leaves it as it was, and the next one cleans up. Exit code 1: something stays that is wrong.",
    "A stream-optimized VMDK that is cut off or damaged is not mended where it lies: 'disk convert SRC DEST --salvage' saves what is whole.",
  ],
  examples: ["disk fix server.qcow2 --dry-run", "disk fix server.qcow2"],
  async run([name = ""], options, cli) {
    return withSession({}, cli, async (session) => {
      const disk = await openDiskForChange(name, options.from, session);
      try {
        const result = await diskFix(disk, options.dryRun ? "plan" : "apply", session.ctx);
        await cli.terminal.data(options.json ? renderJson(result) : renderAmend(result, cli.terminal.dataPalette));
        const waits = options.dryRun && result.mended.length > 0;
        const stays = result.left.some((finding) => finding.severity === "error");
        return waits || stays ? exitCodes.fallsShort : exitCodes.done;
      } finally {
        await disk.close();
      }
    });
  },
});
