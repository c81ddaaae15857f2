import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { VirtualDisk } from "../../../disk/model.js";
import { openDiskSource } from "../../../operations/disk/disk.js";
import { diskExport, type NbdExport } from "../../../serve/nbd/export.js";
import { type NbdAddress, startNbdServer } from "../../../serve/nbd/server.js";
import { type CommandDefinition, defineCommand } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { text, wholeNumber } from "../../options.js";
import { withSession } from "../../session.js";
import { openNamedDisk } from "../../sources.js";
import { diskArgument, diskOptions, howToOpen, snapshotOption } from "./options.js";

/** `vmferry disk serve DISK...`. */
export const diskServe: CommandDefinition = defineCommand({
  arguments: [diskArgument("DISK...")],
  options: {
    socket: text(
      "--socket PATH",
      "the Unix socket to listen on (default: one in a folder of its own, which only you may enter)",
    ),
    port: wholeNumber(
      "--port N",
      "a port of the loopback in place of a socket; every user of this machine can read the disks then",
      0,
      65535,
    ),
    ...diskOptions,
    snapshot: snapshotOption,
  },
  details: [
    "Serves disks to programs that speak NBD (QEMU, qemu-img, nbdcopy, nbd-client), read-only, each under the name of its file: a disk of any format, inside of an archive too, with nothing unpacked or converted. What is unpacked on the way is kept in memory for a while.",
    "Prints an address for each disk, and runs until Ctrl-C or SIGTERM. Holes are told, so that a copy of a sparse disk is one.",
  ],
  examples: [
    "disk serve 'appliance.ova!disk1.vmdk'",
    "disk serve server.vmdk --socket /tmp/server.sock",
    "disk serve disk.qcow2 --port 10809",
  ],
  async run(names, options, cli) {
    return withSession(options, cli, async (session) => {
      const closers: (() => Promise<unknown>)[] = [];
      try {
        const exports: NbdExport[] = [];
        for (const name of names) {
          const source = await openNamedDisk(name, howToOpen(options), session);
          closers.unshift(() => source.close());
          const disk: VirtualDisk = await openDiskSource(source, session.ctx);
          closers.unshift(() => disk.close());
          exports.push(diskExport(freeName(source.name, exports), disk, session.ctx));
        }
        let address: NbdAddress;
        if (options.port !== null) address = { kind: "tcp", port: options.port };
        else if (options.socket !== null) address = { kind: "unix", path: path.resolve(options.socket) };
        else {
          const folder = await mkdtemp(path.join(tmpdir(), "vmferry-"));
          closers.push(() => rm(folder, { recursive: true, force: true }));
          address = { kind: "unix", path: path.join(folder, "nbd.sock") };
        }
        const server = await startNbdServer(exports, address);
        closers.unshift(() => server.close());
        for (const { name } of exports) await cli.terminal.data(`${server.uri(name)}\n`);
        await ended(cli.signal);
        return exitCodes.done;
      } finally {
        for (const close of closers) await close();
      }
    });
  },
});

/** The name of a file without its folders; with a number where another disk has it. */
function freeName(file: string, others: readonly NbdExport[]): string {
  const name = path.basename(file.replace(/^.*!/, ""));
  for (let n = 1; ; n++) {
    const tried = n === 1 ? name : `${name}-${n}`;
    if (!others.some((other) => other.name === tried)) return tried;
  }
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
