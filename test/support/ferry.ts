import { basename, dirname } from "node:path";
import { targets } from "../../src/defaults.js";
import {
  type ConversionOutcome,
  type ConversionPlan,
  type ConvertOptions,
  type Diagnostic,
  type DiskConvertOptions,
  type DiskFormatId,
  type DiskSource,
  type FixResult,
  fixResult,
  folderResolver,
  type InspectResult,
  inspectPackage,
  type OpenConversion,
  openPackage,
  openSource,
  type PlatformId,
  planConversion,
  planDiskConversion,
  planFix,
  planOvfConversion,
  type TargetId,
  type ValidatedFile,
  type ValidateOptions,
  validateInput,
} from "../../src/index.js";
import {
  createContext,
  createRuntime,
  type NodeContextOptions,
  openFolderSet,
  openPath,
  openSingleFileSet,
} from "../../src/node.js";
import type { FlavourId, WrittenVersion } from "../../src/platforms/ovf/flavours.js";
import { openFolderAccess } from "../../src/runtime/node/folder.js";

type Context = ReturnType<typeof createContext>;

/** How a package is converted. */
export interface ConvertRequest extends Omit<ConvertOptions, "platform"> {
  /** A platform, `ova` or `ovf`. */
  readonly to: PlatformId | "ova";
  /** Whom a package is for, and its version. */
  readonly flavour?: FlavourId;
  readonly version?: WrittenVersion;
  readonly integrity?: boolean;
  readonly prove?: boolean;
  /** Takes a disk alone for a machine. */
  readonly disks?: "taken";
}

/** A conversion that was carried out. */
export interface Converted {
  readonly plan: Omit<ConversionPlan, "appliance"> & Partial<Pick<ConversionPlan, "appliance">>;
  readonly outcome: ConversionOutcome;
  /** About the source. */
  readonly findings: readonly Diagnostic[];
}

/** The library in this process, as its public functions give it: one runtime for many calls. */
export interface Ferry {
  inspect(source: string): Promise<InspectResult>;
  /** The judgement of a package. */
  validate(source: string, options: ValidateOptions): Promise<ValidatedFile>;
  /** The judgement of a descriptor alone. */
  validateDescriptor(source: string, level?: "importer" | "strict"): Promise<ValidatedFile>;
  /** Mends a package into an archive. */
  fix(
    source: string,
    destination: string,
    how: {
      readonly level?: "importer" | "strict";
      readonly for?: readonly TargetId[];
      readonly damaged?: "refuse" | "salvage";
    },
  ): Promise<FixResult>;
  /** The bytes of a package's descriptor. */
  descriptor(source: string): Promise<Uint8Array>;
  convert(source: string, destination: string, request: ConvertRequest): Promise<Converted>;
  convertDisk(
    disk: string,
    destination: string,
    options: Omit<DiskConvertOptions, "name"> & {
      readonly from?: DiskFormatId;
      readonly prove?: boolean;
      readonly snapshot?: string;
      readonly damaged?: "salvage";
      /** The path of a base in the result's folder. */
      readonly over?: string;
    },
  ): Promise<Converted>;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** Starts the library. Threads start when they are first needed. */
export function startFerry(): Ferry {
  const runtime = createRuntime();
  const context = (options: NodeContextOptions = {}): Context => createContext(runtime, options);

  async function execute(
    conversion: Omit<OpenConversion, "plan"> & Pick<Converted, "plan">,
    destination: string,
    request: { readonly kind: "file" | "folder"; readonly integrity?: boolean; readonly prove?: boolean },
  ): Promise<Converted> {
    const { plan, findings } = conversion;
    const options = { native: runtime.native };
    const to = await (request.kind === "file" ? openSingleFileSet : openFolderSet)(destination, options);
    const { integrity = true, prove = false } = request;
    try {
      const outcome = await plan.execute(to, { integrity, prove }, context());
      for (const name of plan.executables) to.markExecutable(name);
      await to.commit();
      return { plan, outcome, findings };
    } catch (cause) {
      await to.abort(cause);
      throw cause;
    }
  }

  async function withDisk<T>(file: string, use: (disk: DiskSource) => Promise<T>): Promise<T> {
    return closing(await openPath(file, runtime.native), async (input) => {
      if (input.kind === "folder") throw new Error(`${file} is a folder`);
      const resolver = folderResolver(openFolderAccess(dirname(file), runtime.native), { external: "allowed" });
      return use({ name: basename(file), source: input.source, resolver, format: null });
    });
  }

  return {
    async inspect(source): Promise<InspectResult> {
      const findings: Diagnostic[] = [];
      const ctx = context({ report: (finding) => findings.push(finding) });
      return closing(await openPath(source, runtime.native), async (input) =>
        closing(await openSource(input, { onDamage: "report" }, ctx), (opened) =>
          inspectPackage(opened, { findings }, ctx),
        ),
      );
    },
    async validate(source, options): Promise<ValidatedFile> {
      return closing(await openPath(source, runtime.native), async (input) => {
        const { file } = await validateInput(source, input, options, context());
        return file;
      });
    },
    async validateDescriptor(source, level = "importer"): Promise<ValidatedFile> {
      return closing(await openPath(source, runtime.native), async (input) => {
        const { file } = await validateInput(source, input, { level, files: "ignored" }, context());
        return file;
      });
    },
    async fix(source, destination, { level = "importer", for: wanted = [], damaged = "refuse" }): Promise<FixResult> {
      const ctx = context();
      return closing(await openPath(source, runtime.native), async (input) => {
        const profiles = wanted.map((id) => targets.get(id));
        return closing(await planFix(input, { level, targets: profiles, damaged }, ctx), async (plan) => {
          const to = await openSingleFileSet(destination);
          try {
            await plan.execute(to, { kind: "ova", name: basename(destination), modified: new Date(0) }, ctx);
            await to.commit();
          } catch (cause) {
            await to.abort(cause);
            throw cause;
          }
          return fixResult(source, plan, true, null);
        });
      });
    },
    async descriptor(source): Promise<Uint8Array> {
      const ctx = context();
      return closing(await openPath(source, runtime.native), async (input) =>
        closing(await openPackage(input, {}, ctx), async ({ reader }) => {
          const entry = reader.descriptor;
          if (entry === null) throw new Error(`${source} has no descriptor`);
          return closing(await entry.open(), (bytes) => bytes.read(0, bytes.size));
        }),
      );
    },
    async convert(
      source,
      destination,
      { to, integrity, prove, disks, flavour, version, ...options },
    ): Promise<Converted> {
      const whom = { ...(flavour === undefined ? {} : { flavour }), ...(version === undefined ? {} : { version }) };
      const how = { ...(integrity === undefined ? {} : { integrity }), ...(prove === undefined ? {} : { prove }) };
      const findings: Diagnostic[] = [];
      const ctx = context({ report: (finding) => findings.push(finding) });
      return closing(await openPath(source, runtime.native), async (input) =>
        closing(await openSource(input, disks === undefined ? {} : { disks }, ctx), async (opened) => {
          const conversion =
            to === "ova" || to === "ovf"
              ? await planOvfConversion(opened, { kind: to, archive: basename(destination), findings, ...whom }, ctx)
              : await planConversion(opened, { ...options, platform: to, findings }, ctx);
          const kind = to === "ova" ? "file" : "folder";
          return closing(conversion, () => execute(conversion, destination, { kind, ...how }));
        }),
      );
    },
    async convertDisk(
      disk,
      destination,
      { from, prove = false, snapshot, damaged, over, ...options },
    ): Promise<Converted> {
      const convert = async (named: DiskSource, base: DiskSource | null): Promise<Converted> => {
        const backing = base === null ? {} : { backing: { name: base.name, disk: base } };
        const how = { ...options, ...backing, name: basename(destination) };
        const conversion = await planDiskConversion(named, how, context());
        return closing(conversion, () => execute(conversion, destination, { kind: "file", prove }));
      };
      return withDisk(disk, (source) => {
        const named = {
          ...source,
          format: from ?? null,
          snapshot: snapshot ?? null,
          ...(damaged === undefined ? {} : { damaged }),
        };
        return over === undefined ? convert(named, null) : withDisk(over, (base) => convert(named, base));
      });
    },
    close: () => runtime.close(),
  };
}

/** Uses something and closes it, whatever happens. */
async function closing<R extends { close(): Promise<void> }, T>(
  resource: R,
  use: (resource: R) => Promise<T>,
): Promise<T> {
  try {
    return await use(resource);
  } finally {
    await resource.close();
  }
}
