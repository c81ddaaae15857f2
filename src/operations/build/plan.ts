/** Plans the packages of a spec, and holds each against what has to take it before a disk is written. */
import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { HashName, TargetId } from "../../base/ids.js";
import type { Context } from "../../io/context.js";
import type { FlavourId, WrittenVersion } from "../../platforms/ovf/flavours.js";
import { targets } from "../../targets/targets.js";
import { flavourOf, type OpenAuthoring, planOvfAuthoring } from "../convert/ovf-anew.js";
import type { ConvertOvfOptions } from "../convert/ovf-write.js";
import type { Signing } from "../sign/signing.js";
import type { OpenedSpec } from "./open.js";
import { refusalsOf } from "./refusals.js";
import type { OutputSpec, WrittenSpec } from "./spec.js";

/** One package that is wanted. */
export interface WantedOutput {
  readonly kind: "ova" | "ovf";
  /** Name of the archive, for `ova`. */
  readonly archive: string;
  readonly flavour: FlavourId | null;
  readonly version: WrittenVersion | null;
  readonly digest: HashName;
  /** What has to take it. */
  readonly targets: readonly TargetId[];
}

/** What all packages have in common. */
export interface BuildOptions {
  /** The members' time in archives. */
  readonly modified: Date;
  readonly level?: number;
  /** The same bytes wherever and whenever it is built. The codec is the runtime's matter. */
  readonly reproducible?: boolean;
  readonly signing?: Signing;
}

/** A package that was planned, and what was found wrong with it. */
export interface OpenBuild extends OpenAuthoring {
  /** Errors of `validate --for` its targets: with one of them it is not to be written. */
  readonly refusals: readonly Diagnostic[];
}

/** How an output is written: its own settings, those of the spec, and what everybody takes. */
export function wantedOutput(file: string, spec: WrittenSpec, own: OutputSpec | null): WantedOutput {
  const isArchive = /\.ova$/i.test(file);
  return {
    kind: isArchive ? "ova" : "ovf",
    archive: isArchive ? file.slice(Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1) : "",
    flavour: own?.flavour ?? spec.flavour,
    version: own?.["ovf-version"] ?? spec["ovf-version"],
    digest: own?.manifest ?? spec.manifest ?? "sha256",
    targets: own?.targets ?? spec.targets ?? [],
  };
}

/** Plans one package of a spec. Writes nothing. */
export async function planBuild(
  opened: OpenedSpec,
  wanted: WantedOutput,
  options: BuildOptions,
  ctx: Context,
): Promise<OpenBuild> {
  const { kind, archive, flavour, digest } = wanted;
  const version = wanted.version ?? versionFor(opened, flavour);
  const authoring = await planOvfAuthoring(
    opened.source,
    {
      kind,
      archive,
      modified: options.modified,
      ...(options.level === undefined ? {} : { level: options.level }),
      ...(options.reproducible === true ? { populated: "left-out" } : {}),
      ...(options.signing === undefined ? {} : { signing: { digest, ...options.signing } }),
      digest: options.signing?.digest ?? digest,
      authored: opened.authored,
      tailored: tailoredTo(wanted),
      ...(flavour === null ? {} : { flavour }),
      ...(version === null ? {} : { version }),
    },
    ctx,
  );
  try {
    const findings = authoring.findings.filter((finding) => !isEnlarged(finding));
    return { ...authoring, findings, refusals: await refusalsOf(authoring, wanted, ctx) };
  } catch (cause) {
    await authoring.close();
    throw cause;
  }
}

/** OVF 1.0 cannot say that a property is a password; whoever reads 1.0 of today reads 1.1. */
function versionFor({ spec }: OpenedSpec, flavour: FlavourId | null): WrittenVersion | null {
  const everybody = [
    spec,
    ...(spec.machine === null ? [] : [spec.machine]),
    ...(spec.machines ?? []).map(({ value }) => value),
  ];
  const questions = everybody
    .flatMap(({ products }) => products ?? [])
    .flatMap((product) => [
      ...(product.properties ?? []).map(({ value }) => value),
      ...(product["property-list"] ?? []),
    ]);
  if (!questions.some(({ password }) => password === true)) return null;
  const { flavour: own } = flavourOf(flavour === null ? {} : { flavour });
  return own.versions.includes("1.1") ? "1.1" : null;
}

/** What is otherwise for the targets: machines are fitted to the version that has to take them, and empty disks get images where one wants them. */
function tailoredTo({ flavour, targets: wanted }: WantedOutput): NonNullable<ConvertOvfOptions["tailored"]> {
  const { flavour: own } = flavourOf(flavour === null ? {} : { flavour });
  const [usual = "ovf"] = own.targets;
  const platform = targets.get(usual).platform;
  const version = wanted.find((id) => targets.get(id).platform === platform);
  const images = wanted.some((id) => {
    const { reader } = targets.get(id);
    return reader !== null && reader.emptyDisks !== "made";
  });
  return { ...(version === undefined ? {} : { targets: [version] }), ...(images ? { emptyDisks: "made" } : {}) };
}

/**
 * Whether a finding says that a disk is larger than its image, as its size in the spec wants it.
 * @throws `build/too-small`
 */
function isEnlarged({ code, data }: Diagnostic): boolean {
  if (code !== "disk/capacity-mismatch") return false;
  const [declared, image] = [Number(data?.declared), Number(data?.image)];
  if (declared >= image) return true;
  throw new FerryError(
    "build/too-small",
    `disk ${data?.disk} is to have ${declared} bytes, and its image has ${image}`,
    {
      hint: "Leave its size out, or give it more.",
    },
  );
}
