/** CDs with OVF environments in the drives of machines that are read from a platform: what they hold may be secret. */
import type { Appliance } from "../../appliance/appliance.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { printable } from "../../base/text.js";
import type { Context } from "../../io/context.js";
import type { OpenedSource } from "../../operations/opened.js";

/** Where the name of an ISO 9660 volume stands: the primary descriptor in sector 16, byte 40 of it, 32 characters (ECMA-119, 8.4). */
const DESCRIPTOR = 16 * 2048;
const VOLUME_NAME = { at: DESCRIPTOR + 40, length: 32 } as const;
/** As DSP0243 9.5 and its implementations have it. */
const ENVIRONMENT = /^OVF[ _]?ENV/i;

/** Names of the source's files that are such CDs. They are looked at once. */
export async function environmentCds(source: OpenedSource, ctx: Context): Promise<ReadonlySet<string>> {
  const { machines, files } = source.appliance({}, { ...ctx, report: () => {} });
  const found = new Set<string>();
  for (const { attachments } of machines) {
    for (const { device, file } of attachments) {
      const name = device === "cdrom" ? files.find(({ id }) => id === file)?.name : undefined;
      const entry = name === undefined ? undefined : source.reader.entry(name);
      if (name === undefined || entry === undefined || entry.size < DESCRIPTOR + 2048) continue;
      const image = await entry.open();
      try {
        const label = new TextDecoder("latin1").decode(
          await image.read(VOLUME_NAME.at, VOLUME_NAME.length, ctx.signal),
        );
        if (ENVIRONMENT.test(label)) found.add(name);
      } finally {
        await image.close();
      }
    }
  }
  return found;
}

/** What is to be said where such CDs are carried over. */
export function environmentCarried(names: ReadonlySet<string>): readonly Diagnostic[] {
  return [...names].map((name) => ({
    code: "deploy/environment-carried",
    severity: "warning",
    message: `${printable(name)} is a CD with the OVF environment of the machine: the result holds it, with the passwords on it`,
    hint: "Take it out of the drive before, where others get the result.",
  }));
}

/** A source whose machines have those drives empty, and want such a CD again. */
export function withoutEnvironments(source: OpenedSource, cds: ReadonlySet<string>): OpenedSource {
  if (cds.size === 0) return source;
  return {
    ...source,
    appliance(choice, ctx): Appliance {
      const appliance = source.appliance(choice, ctx);
      const gone = new Set(appliance.files.filter(({ name }) => cds.has(name)).map(({ id }) => id));
      const machines = appliance.machines.map((machine) => {
        const asked = machine.attachments.some(({ file }) => file !== null && gone.has(file));
        if (!asked) return machine;
        return {
          ...machine,
          transports: [...machine.transports.filter((word) => word !== "iso"), "iso"],
          attachments: machine.attachments.map((one) =>
            one.file !== null && gone.has(one.file) ? { ...one, file: null } : one,
          ),
        };
      });
      return { ...appliance, machines, files: appliance.files.filter(({ id }) => !gone.has(id)) };
    },
  };
}
