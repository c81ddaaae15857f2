/** A disk alone as the source of a conversion: a machine of which nothing else is known. */
import { blankAppliance, blankAttachment, blankDisk, blankMachine, blankNic } from "../appliance/blank.js";
import { GIB } from "../base/bytes.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { formatBytes } from "../base/text.js";
import { diskFormats } from "../disk/formats.js";
import { formatByContent, probeWindow } from "../disk/probe.js";
import type { Context } from "../io/context.js";
import { openMachine } from "../package/machine/open.js";
import { withoutExtension } from "../package/names.js";
import type { PackageInput } from "./open.js";
import type { OpenedSource, OpenSourceOptions } from "./opened.js";

/** What a machine gets of which nobody says how much memory it has. */
const ASSUMED_MEMORY = 2 * GIB;

/** Opens a disk image beside its parents and extents; `null`: it is none. */
export async function openBareDisk(
  input: Extract<PackageInput, { readonly kind: "file" }>,
  options: OpenSourceOptions,
  ctx: Context,
): Promise<OpenedSource | null> {
  const { folder, name } = input;
  if (folder === null) return null;
  const window = await probeWindow(input.source, ctx.signal);
  const named = /\.(?:raw|img)$/i.test(name) && window.size > 0;
  if (formatByContent(window, diskFormats) === null && !named && !isNamedDisk(window)) return null;
  const { placed, external } = options;
  const title = withoutExtension(name);
  const reader = await openMachine(
    folder,
    {
      kind: "disk",
      // A disk alone is no package: what it names around it may be anybody's.
      parents: external === undefined ? "never" : "inside",
      name: title,
      descriptors: [],
      files: [{ path: name, role: "disk", id: "disk" }],
      named: [name],
      ...(placed === undefined ? {} : { placed }),
      ...(external === undefined ? {} : { external }),
    },
    ctx,
  );
  return {
    reader,
    platform: "disk",
    version: null,
    producer: null,
    ovf: null,
    packed: new Set(),
    appliance() {
      const appliance = blankAppliance(title);
      appliance.disks.push(blankDisk("disk", name));
      appliance.machines.push({
        ...blankMachine(title),
        memoryBytes: ASSUMED_MEMORY,
        attachments: [blankAttachment("disk", { disk: "disk" })],
        nics: [blankNic()],
      });
      return appliance;
    },
    close: () => reader.close(),
  };
}

/** Whether a name that a format knows, and nothing that speaks against it, makes it a disk: fixed VHDs have their signature at the end. */
function isNamedDisk(window: Parameters<typeof formatByContent>[0]): boolean {
  return diskFormats.all.some((format) => format.id !== "raw" && format.probe(window)?.match === "maybe");
}

/** The finding that hardware was assumed, where a user said nothing of it; `null`: there is nothing to say. */
export function assumedHardware(
  { platform, reader }: OpenedSource,
  said: { readonly cpus: number | null; readonly memoryBytes: number | null },
): Diagnostic | null {
  const assumed = [
    ...(said.cpus === null ? ["one processor"] : []),
    ...(said.memoryBytes === null ? [`${formatBytes(ASSUMED_MEMORY)} of memory`] : []),
  ];
  if (platform !== "disk" || assumed.length === 0) return null;
  return {
    code: "convert/hardware-assumed",
    severity: "warning",
    message: `${reader.name} is a disk alone: ${assumed.join(" and ")} are assumed`.replace(
      "processor are",
      "processor is",
    ),
    hint: "Say what the machine has: --cpus, --memory, --firmware, --os.",
  };
}
