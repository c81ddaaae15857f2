import { diskMap } from "../../../operations/disk/map.js";
import { renderFindings } from "../../../report/findings.js";
import { type MapRows, renderMapJson, renderMapText } from "../../../report/map-text.js";
import { toDiagnosticResult } from "../../../report/results.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { flag, json } from "../../options.js";
import { withSession } from "../../session.js";
import { openNamedDisk } from "../../sources.js";
import { diskArgument, diskOptions, howToOpen, snapshotOption } from "./options.js";

/** `vmferry disk map DISK`. */
export const diskMapCommand: CommandDefinition = defineCommand({
  arguments: [diskArgument("DISK")],
  options: {
    layout: flag("--layout", "the structures of the file as they lie in it, in place of the guest's extents"),
    ...diskOptions,
    snapshot: snapshotOption,
    json,
  },
  details: [
    "Shows where the guest's disk holds data, where it reads as zeros, and what is absent: the parent's. With --allow-external or --map-disk parents are opened, and what they hold counts.",
    "Rows are printed as they are found, also with --json: a document that ends early is not complete, and the exit code says so.",
  ],
  examples: ["disk map server.vmdk", "disk map server.qcow2 --layout", "disk map 'appliance.ova!disk1.vmdk' --json"],
  async run([name = ""], options, cli) {
    return withSession(options, cli, async (session) => {
      const { terminal } = cli;
      const disk = await openNamedDisk(name, howToOpen(options), session);
      try {
        const scope = options.allowExternal || options.mapDisk.length > 0 ? "chain" : "file";
        const map = await diskMap(disk, { scope }, session.ctx);
        try {
          const { format, variant, size } = map.info;
          const head = { schema: "vmferry/map@1", file: disk.name, format, variant, capacityBytes: size } as const;
          const rows: MapRows = options.layout
            ? { kind: "layout", rows: map.layout(), fileBytes: disk.source.size }
            : { kind: "extents", rows: map.extents() };
          const text = options.json ? renderMapJson(head, rows) : renderMapText(head, rows, terminal.dataPalette);
          for await (const piece of text) await terminal.data(piece);
          const findings = session.findings.map(toDiagnosticResult);
          for (const line of renderFindings(findings, terminal.notePalette)) terminal.note(line);
          return exitCodes.done;
        } finally {
          await map.close();
        }
      } finally {
        await disk.close();
      }
    });
  },
});
