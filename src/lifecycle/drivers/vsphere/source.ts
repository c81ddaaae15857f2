/** Machines of a vSphere as sources: packages of which the disks come through a lease (ExportVm). */
import type { Diagnostic } from "../../../base/diagnostics.js";
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import { diskFormats } from "../../../disk/formats.js";
import type { DiskStream } from "../../../disk/model.js";
import type { Context, ScratchFile } from "../../../io/context.js";
import type { FolderAccess } from "../../../io/folder.js";
import type { ByteSource, ByteStream } from "../../../io/source.js";
import { borrowed } from "../../../io/sources/borrowed.js";
import { memorySource } from "../../../io/sources/memory.js";
import type { ComingDisk } from "../../../operations/coming.js";
import { saveStream } from "../../../operations/incoming.js";
import { joinSources } from "../../../operations/join-sources.js";
import type { OpenedSource, OpenSourceOptions } from "../../../operations/opened.js";
import { openSource } from "../../../operations/source.js";
import { createFileNames } from "../../../platforms/names.js";
import { type LiveMachines, notOff } from "../../live.js";
import type { VsphereClient } from "./client.js";
import { createDescriptor } from "./descriptor.js";
import { compareReceived, type Download, download, type Received } from "./download.js";
import { told } from "./faults.js";
import { describeHardware, readHardware } from "./hardware.js";
import { type HeldLease, holdLease } from "./held-lease.js";
import { exportLease, type LeaseFile, leaseDigests, wantSha256 } from "./lease.js";
import { machineOf } from "./machine-path.js";
import type { Ref } from "./soap.js";

/** @param datacenter name or path; `null`: the only one */
export function vsphereMachines(client: VsphereClient, datacenter: string | null): LiveMachines {
  return {
    async open(machines, { options }, ctx) {
      const parts: OpenedSource[] = [];
      try {
        for (const machine of machines) {
          const ref = await machineOf(client, machine, datacenter, ctx.signal);
          parts.push(await openMachine(client, ref, machine.name, options.reading, ctx));
        }
        return joinSources("machines", parts);
      } catch (cause) {
        for (const part of parts) await part.close();
        throw told(cause, "export the machine");
      }
    },
    async describe(machine, { signal }) {
      try {
        return await describeHardware(client, await machineOf(client, machine, datacenter, signal), signal);
      } catch (cause) {
        if (cause instanceof FerryError && cause.code === "deploy/no-machine") return null;
        throw told(cause, `look at ${machine.name}`);
      }
    },
    read: readHardware,
  };
}

/** One machine as a package whose disks come. Closing it gives the lease back. */
async function openMachine(
  client: VsphereClient,
  ref: Ref,
  asked: string,
  reading: OpenSourceOptions["reading"],
  ctx: Context,
): Promise<OpenedSource> {
  const seen = await client.propertiesOf(ref, ["name", "runtime.powerState"], ctx.signal);
  const name = seen.get("name")?.text || asked;
  const power = seen.get("runtime.powerState")?.text.trim() ?? "unknown";
  if (power !== "poweredOff")
    throw notOff(name, power, "Shut it down first, in its guest or in the client of the server.");
  const held = await holdLease(client, await exportLease(client, ref, ctx.signal), ctx.signal);
  const scratches: ScratchFile[] = [];
  const close = async (): Promise<void> => {
    for (const scratch of scratches) await scratch.remove();
    await held.end();
  };
  try {
    await wantSha256(client, held.lease, ctx.signal);
    const fetch = (file: ExportFile): Promise<ByteSource> => fetchFile(client, held, file, scratches, ctx);
    const fetched = new Map<string, Promise<ByteSource>>();
    const files: ExportFile[] = [];
    for (const file of await lookAtFiles(client, held, ctx)) {
      // Hosts that pack disks as they send them do not say how long they will be, and whoever lays out an archive has to know.
      const unknown = file.size === null && (reading !== "once" || file.coming === null);
      if (unknown) {
        ctx.report(fetchedNow(file.name));
        const source = await fetch(file);
        fetched.set(file.name, Promise.resolve(source));
        files.push({ ...file, size: source.size, coming: null });
      } else files.push(file);
    }
    const bytes = await createDescriptor(
      client,
      ref,
      name,
      files.map(({ file, ...one }) => ({ ...one, key: file.key })),
      ctx,
    );
    const descriptor = createFileNames().take(name, ".ovf");
    const folder = folderOf(name, { descriptor, bytes }, files, fetched, fetch);
    const source = memorySource(bytes, descriptor);
    const opened = await openSource({ kind: "file", source, name: descriptor, folder }, {}, ctx);
    return {
      ...opened,
      coming: new Map(files.flatMap(({ name: file, coming }) => (coming === null ? [] : [[file, coming]]))),
      close: () => opened.close().finally(close),
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

function fetchedNow(name: string): Diagnostic {
  return {
    code: "deploy/fetched",
    severity: "info",
    message: `${printable(name)} is fetched into a temporary file first: what is asked for reads it in another order than it comes in, or twice`,
    hint: "That takes room beside the result until the work is done.",
  };
}

interface ExportFile {
  readonly file: LeaseFile;
  /** In the package. */
  readonly name: string;
  /** Bytes; `null`: nobody knows before it came. */
  readonly size: number | null;
  /** `null`: it cannot be read in one pass. */
  readonly coming: ComingDisk | null;
}

/** Reads the beginning of each disk: what it is, and how long, where the host says that. */
async function lookAtFiles(client: VsphereClient, held: HeldLease, ctx: Context): Promise<readonly ExportFile[]> {
  const names = createFileNames();
  const found: ExportFile[] = [];
  for (const file of held.lease.files) {
    const stem = file.target === "" ? `file-${found.length}` : file.target.replace(/\.[^.]*$/, "");
    const ending = /\.[A-Za-z0-9]{1,8}$/.exec(file.target)?.[0] ?? (file.disk ? ".vmdk" : "");
    const name = names.take(stem, ending);
    if (!file.disk) {
      found.push({ file, name, size: file.size, coming: null });
      continue;
    }
    const begun = await begin(client, held, { file, name }, { ...ctx, report: () => {} });
    found.push({ file, name, size: begun.size, coming: await comingOf(client, held, { file, name }, begun, ctx) });
  }
  return found;
}

/** @returns `null` where the format cannot be read in one pass */
async function comingOf(
  client: VsphereClient,
  held: HeldLease,
  file: Pick<ExportFile, "file" | "name">,
  begun: Download,
  ctx: Context,
): Promise<ComingDisk | null> {
  let stream: DiskStream | null = null;
  try {
    stream = await streamOf(begun, ctx);
    const { info } = stream;
    const units = stream.units();
    return {
      info,
      units: () => units,
      open: async (own) => streamOf(await begin(client, held, file, own), own),
    };
  } catch (cause) {
    const odd = cause instanceof FerryError && ["disk/not-streamable", "vmdk/bad-header"].includes(cause.code);
    if (!odd) throw cause;
    return null;
  } finally {
    await (stream ?? begun.stream).cancel();
  }
}

/** Disks of a lease are VMDKs, by the definition of the lease. */
async function streamOf({ stream }: Download, ctx: Context): Promise<DiskStream> {
  const opened = await diskFormats.get("vmdk").openStream?.(stream, ctx);
  if (opened === undefined) throw new FerryError("internal/bug", "VMDKs are read in one pass");
  return opened;
}

/** Begins to download a file. At its end it is compared with what the host says that it sent, where it does. */
async function begin(
  client: VsphereClient,
  held: HeldLease,
  { file, name }: Pick<ExportFile, "file" | "name">,
  ctx: Context,
): Promise<Download> {
  const signal = AbortSignal.any([ctx.signal, held.signal]);
  const all = held.lease.capacityKib * 1024;
  let came = 0;
  const hear = {
    advance(bytes: number): void {
      came += bytes;
      if (all > 0) held.percent((100 * came) / all);
    },
    async complete(received: Received): Promise<void> {
      const digests = await leaseDigests(client, held.lease, signal);
      compareReceived(
        name,
        received,
        digests.find(({ key }) => key === file.key),
      );
    },
  };
  try {
    const { size, stream } = await download(file, name, client.login, hear, signal);
    return { size, stream: { ...stream, [Symbol.asyncIterator]: () => watched(stream, held, ctx) } };
  } catch (cause) {
    throw lostBy(cause, held, ctx);
  }
}

async function* watched(stream: ByteStream, held: HeldLease, ctx: Context): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (cause) {
    throw lostBy(cause, held, ctx);
  }
}

/** A lease that ended knows why a download did. */
function lostBy(cause: unknown, { signal }: HeldLease, ctx: Context): unknown {
  return signal.aborted && !ctx.signal.aborted ? told(signal.reason, "keep the export alive") : cause;
}

/** Fetches a file as a whole. The scratch space is removed with the source. */
async function fetchFile(
  client: VsphereClient,
  held: HeldLease,
  file: ExportFile,
  scratches: ScratchFile[],
  ctx: Context,
): Promise<ByteSource> {
  const { stream } = await begin(client, held, file, ctx);
  try {
    const { scratch, source } = await saveStream(stream, ctx);
    scratches.push(scratch);
    return source;
  } catch (cause) {
    await stream.cancel(cause);
    throw cause;
  }
}

/** The package as a folder. Each file is fetched when it is opened, once. */
function folderOf(
  label: string,
  { descriptor, bytes }: { readonly descriptor: string; readonly bytes: Uint8Array },
  files: readonly ExportFile[],
  fetched: Map<string, Promise<ByteSource>>,
  fetch: (file: ExportFile) => Promise<ByteSource>,
): FolderAccess {
  const fileOf = (name: string): ExportFile | undefined => files.find((file) => file.name === name);
  return {
    label,
    list: async () => [descriptor, ...files.map(({ name }) => name)].sort(),
    async size(name) {
      if (name === descriptor) return bytes.length;
      const file = fileOf(name);
      return file === undefined ? null : (file.size ?? 0);
    },
    async open(name) {
      if (name === descriptor) return memorySource(bytes, descriptor);
      const file = fileOf(name);
      if (file === undefined) {
        throw new FerryError("io/not-found", `${label} has no file ${JSON.stringify(name)}`, {
          hint: "Check the name for typing errors.",
        });
      }
      const known = fetched.get(name) ?? fetch(file);
      fetched.set(name, known);
      return borrowed(await known);
    },
  };
}
