/** A place in which packages are made and converted without threads, for tests of whole conversions. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Diagnostic } from "../../src/base/diagnostics.js";
import type { PlatformId } from "../../src/base/ids.js";
import type { Context } from "../../src/io/context.js";
import type { FileSet } from "../../src/io/file-set.js";
import type { Pool } from "../../src/io/pool.js";
import type { ConversionOutcome, ConversionPlan, ExecuteOptions } from "../../src/operations/convert/conversion.js";
import { planConversion } from "../../src/operations/convert/convert.js";
import { planOvfConversion } from "../../src/operations/convert/ovf.js";
import { inspectPackage } from "../../src/operations/inspect.js";
import { openSource } from "../../src/operations/source.js";
import type { FlavourId, WrittenVersion } from "../../src/platforms/ovf/flavours.js";
import { platforms } from "../../src/platforms/platforms.js";
import type { InspectResult } from "../../src/report/results.js";
import { openFolderSet, openSingleFileSet } from "../../src/runtime/node/file-set.js";
import { openPath } from "../../src/runtime/node/input.js";
import { createContext, createNodeRuntime, type NodeRuntime } from "../../src/runtime/node/runtime.js";
import { layOut, ovaOf, type PackageFiles } from "./packages.js";

/** Where a conversion goes. */
export type Way = PlatformId | "ova";

/** Every platform that is written, an OVA and a folder. */
export const everyWay: readonly Way[] = [
  ...platforms.all.filter((platform) => platform.exportConfig !== undefined).map(({ id }) => id),
  "ova",
  "ovf",
];

/** How a package is converted. */
export interface WorkRequest extends ExecuteOptions {
  readonly to: Way;
  /** The members' time, for `ova`. */
  readonly modified?: Date;
  /** Whom a package is for, and its version. */
  readonly flavour?: FlavourId;
  readonly version?: WrittenVersion;
  /** Runs the jobs in place of the workshop's own. */
  readonly pool?: Pool;
  /** What stands between the conversion and its files. */
  readonly through?: (set: FileSet) => FileSet;
}

/** A conversion that was carried out. */
export interface Worked {
  readonly plan: ConversionPlan;
  readonly outcome: ConversionOutcome;
  readonly findings: readonly Diagnostic[];
}

/** A folder of its own with all that a conversion needs. */
export class Workshop {
  readonly root: string;
  readonly runtime: NodeRuntime;
  #count = 0;

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), "vmferry-workshop-"));
    const worker = new URL("../../src/worker-node.js", import.meta.url);
    this.runtime = createNodeRuntime({ worker, workers: 0, scratch: this.root });
  }

  /** Names of everything that lies here. */
  names(): readonly string[] {
    return readdirSync(this.root).sort();
  }

  /** A path that nothing has. */
  fresh(ending = ""): string {
    return join(this.root, `${this.#count++}${ending}`);
  }

  /** Writes files as an archive. */
  archive(files: PackageFiles): string {
    const file = this.fresh(".ova");
    writeFileSync(file, ovaOf(files));
    return file;
  }

  /** Writes files into a folder. */
  folder(files: PackageFiles): string {
    return layOut(this.fresh(), files);
  }

  async inspect(source: string): Promise<InspectResult> {
    const input = await openPath(source, this.runtime.native);
    const findings: Diagnostic[] = [];
    const ctx = createContext(this.runtime, { report: (finding) => findings.push(finding) });
    try {
      return await inspectPackage(await openSource(input, { onDamage: "report" }, ctx), { findings }, ctx);
    } finally {
      await input.close();
    }
  }

  /** Plans a conversion and gives the plan to `use`. */
  async plan<T>(
    source: string,
    destination: string,
    request: WorkRequest,
    use: (plan: ConversionPlan, findings: readonly Diagnostic[], ctx: Context) => Promise<T>,
  ): Promise<T> {
    const input = await openPath(source, this.runtime.native);
    const findings: Diagnostic[] = [];
    const lent = request.pool === undefined ? this.runtime : { ...this.runtime, pool: request.pool };
    const ctx = createContext(lent, { report: (finding) => findings.push(finding) });
    try {
      const opened = await openSource(input, {}, ctx);
      const { to, modified = new Date(0), flavour, version } = request;
      const how = { ...(flavour === undefined ? {} : { flavour }), ...(version === undefined ? {} : { version }) };
      const conversion = await (to === "ova" || to === "ovf"
        ? planOvfConversion(opened, { kind: to, archive: basename(destination), modified, findings, ...how }, ctx)
        : planConversion(opened, { platform: to, findings }, ctx));
      try {
        return await use(conversion.plan, conversion.findings, ctx);
      } finally {
        await conversion.close();
        await opened.close();
      }
    } finally {
      await input.close();
    }
  }

  /** What the command does: plan, execute, commit; or abort. */
  convert(source: string, destination: string, request: WorkRequest): Promise<Worked> {
    return this.plan(source, destination, request, async (plan, findings, ctx) => {
      const open = request.to === "ova" ? openSingleFileSet : openFolderSet;
      const set = await open(destination, { native: this.runtime.native });
      const to = request.through?.(set) ?? set;
      try {
        const outcome = await plan.execute(to, request, ctx);
        for (const name of plan.executables) set.markExecutable(name);
        await to.commit();
        return { plan, outcome, findings };
      } catch (cause) {
        await to.abort(cause);
        throw cause;
      }
    });
  }

  /** Ends it, with everything in it. */
  async close(): Promise<void> {
    await this.runtime.close();
    rmSync(this.root, { recursive: true });
  }
}
