/** Whether a package is what its spec makes: built again in memory, and held against it byte by byte. */
import type { Diagnostic } from "../../base/diagnostics.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { PackageReader } from "../../package/model.js";
import { comparingSet, type FirstDifference } from "./compare-set.js";
import type { OpenedSpec } from "./open.js";
import { planBuild, type WantedOutput } from "./plan.js";

/** The package that is there. */
export interface BuiltPackage {
  /** As results call it. */
  readonly name: string;
  readonly reader: PackageReader;
  /** The archive by its own name, or a file of the folder; `null`: there is no such file. The comparison closes it. */
  open(name: string): Promise<ByteSource | null>;
}

/**
 * Builds a spec again, and says whether that makes the package that is there. The runtime's codec has to be the one that is the same everywhere.
 * Nothing is written.
 * @param modified the members' time in the archive
 * @throws what building throws
 */
export async function rebuildFinding(
  spec: OpenedSpec,
  there: BuiltPackage,
  { wanted, modified }: { readonly wanted: WantedOutput; readonly modified: Date },
  ctx: Context,
): Promise<Diagnostic> {
  const quiet: Context = { ...ctx, report: () => {} };
  const planned = await planBuild(spec, wanted, { modified, reproducible: true }, quiet);
  const set = comparingSet(there.name, (name) => there.open(name));
  try {
    await planned.plan.execute(set, { integrity: false }, quiet);
    const difference = await set.difference(ctx.signal);
    const extra = wanted.kind === "ova" ? null : extraFile(there.reader, planned.plan.files);
    const found = difference ?? extra;
    if (found === null || (await isSignature(found, there, set.bytesOf(found.file))))
      return same(there, found !== null);
    const place = found.offset === null ? { at: "member" as const, file: there.name, member: found.file } : null;
    return {
      code: "build/rebuild-differs",
      severity: "error",
      message:
        place === null
          ? `${there.name} is not what the spec makes: ${found.file} differs from byte ${found.offset} on`
          : `${there.name} is not what the spec makes: ${found.file} is only in one of the two`,
      hint: "The inputs, the variables or the version of vmferry are others, or it was built without --reproducible.",
      location: place ?? { at: "bytes", file: found.file, offset: found.offset ?? 0 },
      data: { file: found.file, offset: found.offset },
    };
  } finally {
    await set.close();
    await planned.close();
  }
}

function same({ name }: BuiltPackage, signed: boolean): Diagnostic {
  const but = signed ? ", but for its signature, which only the signer can make" : "";
  return {
    code: "build/rebuilt",
    severity: "info",
    message: `${name} is what the spec makes, byte for byte${but}`,
  };
}

/** A file of a folder that the spec does not make. */
function extraFile(reader: PackageReader, files: readonly { readonly name: string }[]): FirstDifference | null {
  const extra = reader.entries.find((entry) => !files.some(({ name }) => name === entry.name));
  return extra === undefined ? null : { file: extra.name, offset: null };
}

/** Blocks of zeros that end an archive. */
const ARCHIVE_END = 1024;

/** Whether all that differs is the certificate that a signer put behind everything else. */
async function isSignature(
  { file, offset }: FirstDifference,
  { reader }: BuiltPackage,
  bytes: number | null,
): Promise<boolean> {
  const certificate = reader.entries.find(({ role }) => role === "certificate");
  if (certificate === undefined) return false;
  if (offset === null) return file === certificate.name;
  return reader.kind === "ova" && bytes !== null && offset >= bytes - ARCHIVE_END;
}
