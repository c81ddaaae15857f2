/** Gives machines the CDs with their OVF environments, on the way to a platform. */
import type { Appliance, Attachment, FileAsset, Machine } from "../../appliance/appliance.js";
import { memorySource } from "../../io/sources/memory.js";
import type { OpenedSource } from "../../operations/opened.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { environmentCd } from "../answers.js";
import { cloudInitSeed } from "../bridges.js";

/**
 * A source whose machines find their environments on CDs: those that read it from one (DSP0243 9.5, transport `iso`). The CD goes into the first
 * drive that is empty, else into a new one.
 * @param environmentOf the document for a machine; `null`: it gets none
 * @param modified of the files on the CDs
 * @param instanceOf what cloud-init tells machines apart by: each that is told something gets a CD for it, too; `null`: none does
 */
export function withEnvironments(
  source: OpenedSource,
  environmentOf: (machine: string) => string | null,
  modified: Date,
  instanceOf: ((machine: string) => string) | null = null,
): OpenedSource {
  const images = new Map<string, Uint8Array>();
  return {
    ...source,
    reader: withFiles(source.reader, images),
    appliance(choice, ctx) {
      const appliance = source.appliance(choice, ctx);
      const assets: FileAsset[] = [];
      const inserted = (machine: Machine, wanted: string, image: Uint8Array): Machine => {
        const name = freeName(wanted, appliance, source.reader);
        images.set(name, image);
        assets.push({ id: name, name, role: "iso", size: image.length });
        return { ...machine, attachments: withCd(machine, name) };
      };
      const machines = appliance.machines.map((machine): Machine => {
        const { id, name } = machine;
        const environment = environmentOf(id);
        if (environment === null) return machine;
        const seed = instanceOf && cloudInitSeed({ environment, name, instance: instanceOf(id), modified });
        const seeded = seed === null ? machine : inserted(machine, `cidata-${id}.iso`, seed);
        if (!readsDisc(machine)) return seeded;
        const told = inserted(seeded, `ovf-env-${id}.iso`, environmentCd(environment, modified));
        return { ...told, transports: told.transports.filter((word) => !isDisc(word)) };
      });
      return { ...appliance, machines, files: [...appliance.files, ...assets] };
    },
  };
}

/** Machines that look for their environment on a disc (DSP0243 9.5, transport `iso`), and are told one. */
export function toldByDisc(
  { machines }: Appliance,
  environmentOf: (machine: string) => string | null,
): ReadonlySet<string> {
  return new Set(machines.filter((one) => readsDisc(one) && environmentOf(one.id) !== null).map(({ id }) => id));
}

/** Machines that the package asks something. */
export function askedMachines(
  { machines }: Appliance,
  environmentOf: (machine: string) => string | null,
): ReadonlySet<string> {
  return new Set(machines.filter(({ id }) => environmentOf(id) !== null).map(({ id }) => id));
}

/** A source in which what is said of a way to environments is taken out, for machines that get theirs by other means. */
export function withoutTransport(source: OpenedSource, told: ReadonlySet<string>): OpenedSource {
  return {
    ...source,
    appliance(choice, ctx) {
      const appliance = source.appliance(choice, ctx);
      const machines = appliance.machines.map((one) =>
        told.has(one.id) ? { ...one, transports: one.transports.filter((word) => !isDisc(word)) } : one,
      );
      return { ...appliance, machines };
    },
  };
}

function readsDisc({ transports }: Machine): boolean {
  return transports.some(isDisc);
}

function isDisc(transport: string): boolean {
  return transport.toLowerCase() === "iso";
}

function withCd({ attachments }: Machine, file: string): Attachment[] {
  const empty = attachments.find(({ device, file: image }) => device === "cdrom" && image === null);
  if (empty !== undefined) return attachments.map((one) => (one === empty ? { ...one, file } : one));
  return [...attachments, { device: "cdrom", disk: null, file, controller: null, slot: null, readOnly: true }];
}

/** A source whose files that are no disks begin with a name, so that what is made of them is nobody else's. */
export function withPrefix(source: OpenedSource, prefix: string): OpenedSource {
  const { reader } = source;
  const originals = new Map<string, string>();
  const prefixed = (name: string): string => name.replace(/[^/]*$/, (last) => `${prefix}-${last}`);
  return {
    ...source,
    reader: readerWith(reader, (name) => reader.entry(originals.get(name) ?? name)),
    packed: new Set([...source.packed].flatMap((name) => [name, prefixed(name)])),
    appliance(choice, ctx) {
      const appliance = source.appliance(choice, ctx);
      const files = appliance.files.map((file) => {
        originals.set(prefixed(file.name), file.name);
        return { ...file, name: prefixed(file.name) };
      });
      return { ...appliance, files };
    },
  };
}

/** A name that no file of the package has. */
function freeName(wanted: string, { files }: Appliance, reader: PackageReader): string {
  let name = wanted;
  while (files.some((file) => file.id === name || file.name === name) || reader.entry(name) !== undefined)
    name = `_${name}`;
  return name;
}

/** A package with files that it does not hold. */
function withFiles(reader: PackageReader, images: ReadonlyMap<string, Uint8Array>): PackageReader {
  return readerWith(reader, (wanted): PackageEntry | undefined => {
    const bytes = images.get(wanted);
    if (bytes === undefined) return reader.entry(wanted);
    return { name: wanted, size: bytes.length, role: "iso", open: async () => memorySource(bytes, wanted) };
  });
}

/** A package that finds files otherwise. Its own are as before, and so is what its manifest is held to. */
function readerWith(reader: PackageReader, entry: PackageReader["entry"]): PackageReader {
  const { kind, name, size, tar, descriptor, resolver, entries, stored, referenced } = reader;
  return {
    ...{ kind, name, size, tar, descriptor, resolver, entries, referenced },
    ...(stored === undefined ? {} : { stored }),
    entry,
    disks: () => reader.disks(),
    close: () => reader.close(),
  };
}
