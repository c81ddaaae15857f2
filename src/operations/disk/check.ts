import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError } from "../../base/errors.js";
import type { DiskFormatId } from "../../base/ids.js";
import { diagnosticOf } from "../../disk/findings.js";
import { diskFormats } from "../../disk/formats.js";
import type { DiskFormat, DiskInfo } from "../../disk/model.js";
import { parentChanged, parentRequest } from "../../disk/open.js";
import { probeWindow, tellFormat } from "../../disk/probe.js";
import { seenFile } from "../../disk/seen-files.js";
import { unpackAll } from "../../disk/unpack-all.js";
import type { Context } from "../../io/context.js";
import type { ByteSource, ChunkSet, SourceResolver } from "../../io/source.js";
import { type CheckedImage, type CheckResult, toDiagnosticResult } from "../../report/results.js";
import { type DiskSource, inputOf } from "./disk.js";

/** Findings of one code that are kept; all are counted. A hostile table can give one for every entry. */
const KEPT = 100;

/** What was found about one file: memory is bounded, counts are complete. */
class Findings {
  readonly #kept: Diagnostic[] = [];
  readonly #counts = new Map<string, number>();
  #errors = 0;

  add(finding: Diagnostic): void {
    const count = (this.#counts.get(finding.code) ?? 0) + 1;
    this.#counts.set(finding.code, count);
    if (finding.severity === "error") this.#errors++;
    if (count <= KEPT) this.#kept.push(finding);
  }

  get damaged(): boolean {
    return this.#errors > 0;
  }

  result(): Pick<CheckedImage, "counts" | "diagnostics"> {
    return { counts: Object.fromEntries(this.#counts), diagnostics: this.#kept.map(toDiagnosticResult) };
  }
}

/** How far a check goes. */
export interface DiskCheckOptions {
  /**
   * `structure`: pointers, tables, counts and sums, which takes as long as reading the tables. `deep`: every packed unit is unpacked too,
   * which takes as long as reading the disk.
   */
  readonly depth: "structure" | "deep";
}

/** One file of a chain. */
interface Layer {
  readonly file: string;
  readonly source: ByteSource;
  /** As of `DiskSource`. */
  readonly chunks?: ChunkSet;
  readonly resolver: SourceResolver;
  readonly format: DiskFormatId | null;
}

/** What opening a layer tells; `null`: it cannot be opened. */
type Facts = Pick<DiskInfo, "variant" | "parent" | "identity" | "otherIdentities"> | null;

interface CheckedLayer {
  readonly format: DiskFormat;
  /** Whether there was something to check by. */
  readonly checked: boolean;
  readonly facts: Facts;
  readonly findings: Findings;
}

/**
 * `vmferry disk check`: every structure of an image, and of each parent that the resolver opens. Damage is a finding, never thrown.
 * @throws `disk/unknown-format`, `disk/name-disagrees`, `io/read-failed`, `disk/chain-loop` where an image is its own ancestor, `io/limit`
 *   where tables are larger than limits allow, or the chain is deeper than `limits.chainDepth`
 */
export async function diskCheck(disk: DiskSource, { depth }: DiskCheckOptions, ctx: Context): Promise<CheckResult> {
  const { name, source, chunks, resolver, format } = disk;
  const images: CheckedImage[] = [];
  const seen = chunks === undefined ? [seenFile(source, [])] : [];
  const opened: ByteSource[] = [];
  try {
    let layer: Layer = { file: name, source, ...(chunks === undefined ? {} : { chunks }), resolver, format };
    let checked = await checkLayer(layer, depth, ctx);
    for (;;) {
      const parent = checked.facts?.parent ?? null;
      if (parent === null) break;
      if (images.length + 1 >= ctx.limits.chainDepth) {
        throw new FerryError("io/limit", `the disk chain is deeper than ${ctx.limits.chainDepth} layers`, {
          hint: "The images may name each other in a circle; raise the limit chainDepth if they do not.",
        });
      }
      const below = await resolver.open(parentRequest(parent), layer.source);
      if (below === null) {
        checked.findings.add(parentNotChecked(layer.file, parent));
        break;
      }
      opened.push(below);
      seen.push(seenFile(below, seen));
      const next: Layer = { file: below.label, source: below, resolver, format: parent.format ?? null };
      const checkedNext = await checkLayer(next, depth, ctx);
      const changed =
        checkedNext.facts === null ? null : parentChanged(layer.file, parent, below.label, checkedNext.facts);
      if (changed !== null) checked.findings.add(changed);
      images.push(imageOf(layer, checked));
      [layer, checked] = [next, checkedNext];
    }
    images.push(imageOf(layer, checked));
  } finally {
    for (const below of opened) await below.close();
  }
  const [top, ...parents] = images as [CheckedImage, ...CheckedImage[]];
  return { schema: "vmferry/check@1", ...top, parents };
}

async function checkLayer(layer: Layer, depth: DiskCheckOptions["depth"], ctx: Context): Promise<CheckedLayer> {
  const { source, chunks, resolver } = layer;
  const format =
    layer.format === null
      ? tellFormat(await probeWindow(source, ctx.signal), diskFormats)
      : diskFormats.get(layer.format);
  const findings = new Findings();
  const collecting: Context = { ...ctx, report: (finding) => findings.add(finding) };
  // Nothing is looked at before the first finding is asked for.
  const check = chunks === undefined ? format.check?.(source, resolver, collecting) : chunks.check?.(ctx.signal);
  if (check === undefined) {
    const why = chunks === undefined ? `vmferry does not check ${format.id} images` : "it has no sums";
    findings.add({
      code: "disk/not-checked",
      severity: "info",
      message: `the structure of ${layer.file} was not checked: ${why}`,
      hint: "Compare it with a copy that is known to be good: vmferry disk compare.",
      location: { at: "bytes", file: source.label, offset: 0 },
    });
  } else {
    try {
      for await (const finding of check) findings.add(finding);
    } catch (cause) {
      findings.add(asFinding(cause));
    }
  }
  const facts = await factsOf(layer, format, { findings, depth }, collecting);
  return { format, checked: check !== undefined, facts, findings };
}

/** A failure that is about the image. Others are thrown on: no verdict can be given. */
function asFinding(cause: unknown): Diagnostic {
  if (cause instanceof FerryError && isAboutImage(cause)) return diagnosticOf(cause);
  throw cause;
}

function isAboutImage({ kind }: FerryError): boolean {
  return kind === "corrupt" || kind === "out-of-bounds" || kind === "invalid-format" || kind === "not-found";
}

/** What opening the layer tells. An image that cannot be opened is not sound, whatever its check says. */
async function factsOf(
  layer: Layer,
  format: DiskFormat,
  { findings, depth }: { readonly findings: Findings; readonly depth: DiskCheckOptions["depth"] },
  ctx: Context,
): Promise<Facts> {
  // A check has said by itself what opening would report again. Sums of chunks say nothing about what opening finds.
  const scope: Context = format.check === undefined ? ctx : { ...ctx, report: () => {} };
  try {
    const disk = await format.open(inputOf(layer), layer.resolver, scope);
    const { variant, parent, identity, otherIdentities = [] } = disk.info;
    try {
      if (depth === "deep") await unpackAll(disk, layer.file, (finding) => findings.add(finding), ctx);
    } finally {
      await disk.close();
    }
    return { variant, parent, identity, otherIdentities };
  } catch (cause) {
    if (!(cause instanceof FerryError)) throw cause;
    if (cause.kind === "unsupported-feature" && format.check !== undefined) {
      findings.add({ ...diagnosticOf(cause), severity: "warning" });
    } else if (!(findings.damaged && isAboutImage(cause))) {
      findings.add(asFinding(cause));
    }
    return null;
  }
}

function imageOf(layer: Layer, { format, checked, facts, findings }: CheckedLayer): CheckedImage {
  return {
    file: layer.file,
    format: format.id,
    variant: facts?.variant ?? null,
    verdict: findings.damaged ? "damaged" : checked ? "sound" : "unchecked",
    ...findings.result(),
  };
}

function parentNotChecked(file: string, parent: NonNullable<DiskInfo["parent"]>): Diagnostic {
  return {
    code: "disk/parent-not-checked",
    severity: "info",
    message: `${file} holds only changes to ${parent.name ?? parent.identity ?? "another disk"}, which was not checked: it is not there or not allowed`,
    hint: "Put the parent beside it and allow it (--allow-external), or check it by itself.",
  };
}
