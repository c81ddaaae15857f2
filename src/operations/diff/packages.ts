/** What changed between two packages or machines: facts, trust, files, and disks by what the guest reads. */
import type { Appliance } from "../../appliance/appliance.js";
import { factChanges } from "../../appliance/diff/change.js";
import { type ApplianceChange, type DiskPair, diffAppliances } from "../../appliance/diff.js";
import type { Diagnostic } from "../../base/diagnostics.js";
import { changedRanges } from "../../disk/changed-ranges.js";
import type { VirtualDisk } from "../../disk/model.js";
import type { Context } from "../../io/context.js";
import { type ResolvedProperty, resolveOvf } from "../../ovf/deployment.js";
import type { OvfDocument } from "../../ovf/document.js";
import { readSmallEntry } from "../../package/entries.js";
import type { ImportChoice } from "../../platforms/platform.js";
import { describeChange } from "../../report/change-words.js";
import {
  type DiffChange,
  type DiffDisk,
  type DiffResult,
  type DiffSide,
  toDiagnosticResult,
} from "../../report/results.js";
import { openDisks } from "../disks.js";
import type { OpenedSource } from "../opened.js";
import { compareFiles, type FileChange, type PackageTrust, readTrust, sameBytes, trustFacts } from "./files.js";

/** One side of a comparison. */
export interface DiffSource {
  /** What results call it. */
  readonly name: string;
  readonly opened: OpenedSource;
}

/** How packages are compared. */
export interface DiffPackagesOptions {
  /** What is looked at: configuration and language, in both. */
  readonly choice?: ImportChoice;
  /** `compared` by what the guest reads (the default), or `left` alone. */
  readonly disks?: "compared" | "left";
  /** How files are compared that are no disks: by the digests of the `manifest` (the default), or `deep`: they are read and hashed. */
  readonly files?: "manifest" | "deep";
  /** Findings that opening the packages brought. */
  readonly findings?: readonly Diagnostic[];
}

/** Deployment options that are compared beside the one that is looked at. */
const MOST_OPTIONS = 50;

/** Parts of an appliance that options decide about. */
const BY_OPTION: ReadonlySet<string> = new Set(["machine", "controller", "drive", "nic", "property"]);

type BareChange = Omit<DiffChange, "text">;

/**
 * Compares two packages or machines of any platform. Facts count as they are written where both are of one platform, else by what they mean.
 * Of disks holes are never read, and packed units that are stored alike are not unpacked.
 * @throws what importing, opening disks and reading throw
 */
export async function diffPackages(
  a: DiffSource,
  b: DiffSource,
  options: DiffPackagesOptions,
  ctx: Context,
): Promise<DiffResult> {
  const diagnostics: Diagnostic[] = [...(options.findings ?? [])];
  const own: Context = { ...ctx, report: (finding) => diagnostics.push(finding) };
  const choice = options.choice ?? {};
  const by = a.opened.platform === b.opened.platform ? "words" : "meaning";
  const appliances = [a, b].map(({ opened }) => opened.appliance(choice, own)) as [Appliance, Appliance];
  const trusts: readonly [PackageTrust, PackageTrust] = [
    await readTrust(a.opened.reader, own),
    await readTrust(b.opened.reader, own),
  ];
  const { changes: told, disks } =
    options.disks === "left"
      ? { ...diffAppliances(...appliances, { by }), disks: null }
      : await compareWithDisks([a.opened, b.opened], appliances, by, own);
  const all: UnsaidChange[] = [
    ...descriptorChanges(a.opened, b.opened, by),
    ...inOption(told, null),
    ...hiddenPasswords(a.opened, b.opened, choice),
    ...optionChanges([a.opened, b.opened], appliances, { choice, by, told }, own),
    ...trustChanges(trusts, by),
  ];
  const compared = await compareFiles(
    ...trusts,
    { by: options.files ?? "manifest", told: toldFiles(appliances, disks) },
    own,
  );
  all.push(...compared.changes.map((change) => fileChange(change, by)));
  const changes = all.filter(({ unsaid }) => !unsaid).map(toResult);
  const differs = changes.length > 0 || (disks ?? []).some(({ verdict }) => verdict === "different");
  return {
    schema: "vmferry/diff@1",
    verdict: differs ? "different" : "same",
    a: sideOf(a),
    b: sideOf(b),
    changes,
    unsaid: all.filter(({ unsaid }) => unsaid).map(toResult),
    disks,
    unknown: compared.unknown,
    notes: [
      ...(by === "words" ? storedOtherwise(trusts, appliances, disks) : []),
      ...(by === "words" && changes.length === 0 ? await bytesOnly(a, b, own) : []),
    ],
    diagnostics: diagnostics.map(toDiagnosticResult),
  };
}

function sideOf({ name, opened }: DiffSource): DiffSide {
  const { reader, platform, version, producer } = opened;
  const descriptor = reader.descriptor === null ? null : { name: reader.descriptor.name, version, producer };
  return { name, kind: reader.kind, platform, descriptor };
}

type UnsaidChange = BareChange & { readonly unsaid: boolean };

function toResult({ unsaid: _, ...change }: UnsaidChange): DiffChange {
  return { ...change, text: describeChange(change) };
}

function inOption(changes: readonly ApplianceChange[], option: string | null): readonly UnsaidChange[] {
  return changes.map((change) => ({ ...change, option }));
}

/** Opens the disks of both sides, which tells their formats, and compares those that are in both. */
async function compareWithDisks(
  [a, b]: readonly [OpenedSource, OpenedSource],
  appliances: readonly [Appliance, Appliance],
  by: "words" | "meaning",
  ctx: Context,
): Promise<{ readonly changes: readonly ApplianceChange[]; readonly disks: readonly DiffDisk[] }> {
  const first = await openDisks(a.reader, appliances[0], { compressed: "unpack" }, ctx);
  try {
    const second = await openDisks(b.reader, appliances[1], { compressed: "unpack" }, ctx);
    try {
      const { changes, disks: pairs } = diffAppliances(...appliances, { by });
      const disks: DiffDisk[] = [];
      for (const pair of pairs) {
        const disk = await compareDisk(pair, first.byId, second.byId, ctx);
        if (disk !== null) disks.push(disk);
      }
      return { changes, disks };
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

/** `null`: it is not in both, or holds nothing on one side. */
async function compareDisk(
  [a, b]: DiskPair,
  first: ReadonlyMap<string, VirtualDisk>,
  second: ReadonlyMap<string, VirtualDisk>,
  ctx: Context,
): Promise<DiffDisk | null> {
  const [one, other] = [first.get(a?.id ?? ""), second.get(b?.id ?? "")];
  if (a === null || b === null || one === undefined || other === undefined) return null;
  const { changedBytes, comparedBytes, count, ranges } = await changedRanges(one, other, ctx);
  return {
    a: a.id,
    b: b.id,
    verdict: count === 0 ? "same" : "different",
    capacityBytes: { a: a.capacityBytes, b: b.capacityBytes },
    changedBytes,
    comparedBytes,
    count,
    ranges: ranges.map(({ offset, length }) => ({ offset, length })),
  };
}

const OF_PACKAGE = { machine: null, subject: null } as const;

function descriptorChanges(a: OpenedSource, b: OpenedSource, by: "words" | "meaning"): readonly UnsaidChange[] {
  if (by === "meaning") return [];
  const facts = ({ version, producer }: OpenedSource): ReadonlyMap<string, string | null> =>
    new Map([
      ["version", version],
      ["producer", producer],
    ]);
  return inOption(factChanges({ area: "descriptor", ...OF_PACKAGE }, facts(a), facts(b), by), null);
}

function trustChanges([a, b]: readonly [PackageTrust, PackageTrust], by: "words" | "meaning"): readonly UnsaidChange[] {
  return inOption(factChanges({ area: "trust", ...OF_PACKAGE }, trustFacts(a), trustFacts(b), by), null);
}

function fileChange({ name, ...change }: FileChange, by: "words" | "meaning"): UnsaidChange {
  const unsaid = by === "meaning" && change.kind !== "changed";
  return { area: "file", option: null, machine: null, subject: name, ...change, hidden: false, unsaid };
}

/** What other deployment options change, beyond what is told of the one that is looked at. */
function optionChanges(
  [a, b]: readonly [OpenedSource, OpenedSource],
  appliances: readonly [Appliance, Appliance],
  looked: {
    readonly choice: ImportChoice;
    readonly by: "words" | "meaning";
    readonly told: readonly ApplianceChange[];
  },
  ctx: Context,
): readonly UnsaidChange[] {
  const { choice, by, told } = looked;
  if (choice.configuration !== undefined) return [];
  const known = new Set(told.map((change) => JSON.stringify(change)));
  const others = new Set(appliances[1].options.map(({ id }) => id));
  const common = appliances[0].options.filter(({ id }) => others.has(id)).slice(0, MOST_OPTIONS);
  return common.flatMap(({ id }) => {
    const chosen = { ...choice, configuration: id };
    // What is found in the package was told once.
    const quiet: Context = { ...ctx, report: () => {} };
    const { changes } = diffAppliances(a.appliance(chosen, quiet), b.appliance(chosen, quiet), { by });
    return inOption(
      changes.filter((change) => BY_OPTION.has(change.area) && !known.has(JSON.stringify(change))),
      id,
    );
  });
}

/** Passwords that stand in descriptors: the model leaves them out, and that they changed is told all the same. */
function hiddenPasswords(a: OpenedSource, b: OpenedSource, choice: ImportChoice): readonly UnsaidChange[] {
  if (a.ovf === null || b.ovf === null) return [];
  const { values: _, ...plain } = choice;
  const [one, other] = [passwordsOf(a.ovf.document, plain), passwordsOf(b.ovf.document, plain)];
  return [...one].flatMap(([key, { of, value }]) => {
    const there = other.get(key);
    if (there === undefined || JSON.stringify(there.value) === JSON.stringify(value)) return [];
    const change = { area: "property", option: null, fact: "value", kind: "changed", from: null, to: null } as const;
    return [{ ...change, ...of, hidden: true, unsaid: false }];
  });
}

interface Password {
  readonly of: Pick<BareChange, "machine" | "subject">;
  readonly value: ResolvedProperty["value"];
}

function passwordsOf(document: OvfDocument, choice: ImportChoice): ReadonlyMap<string, Password> {
  const passwords = new Map<string, Password>();
  for (const { property, owner, value } of resolveOvf(document, choice, () => {}).properties) {
    const of = { machine: owner?.id ?? null, subject: property.qualifiedKey };
    if (property.password) passwords.set(JSON.stringify(of), { of, value });
  }
  return passwords;
}

/** Files of disks: what was compared by content needs no bytes, and what came or went is told as a disk. */
function toldFiles(
  appliances: readonly [Appliance, Appliance],
  disks: readonly DiffDisk[] | null,
): { readonly a: ReadonlySet<string>; readonly b: ReadonlySet<string> } {
  const [a, b] = appliances.map((appliance, side) => {
    const compared = new Set((disks ?? []).map((disk) => (side === 0 ? disk.a : disk.b)));
    const other = new Set(appliances[side === 0 ? 1 : 0].disks.map(({ file }) => file));
    return new Set(
      appliance.disks.flatMap(({ id, file }) =>
        file !== null && (compared.has(id) || !other.has(file)) ? [file] : [],
      ),
    );
  }) as [Set<string>, Set<string>];
  return { a, b };
}

/** Disks that guests read the same of, in files that differ. */
function storedOtherwise(
  trusts: readonly [PackageTrust, PackageTrust],
  appliances: readonly [Appliance, Appliance],
  disks: readonly DiffDisk[] | null,
): readonly string[] {
  return (disks ?? []).flatMap(({ a, b, verdict }) => {
    const [one, other] = [
      appliances[0].disks.find(({ id }) => id === a)?.file ?? null,
      appliances[1].disks.find(({ id }) => id === b)?.file ?? null,
    ];
    if (verdict === "different" || one === null || other === null) return [];
    return sameBytes(...trusts, one, other) === false
      ? [`disk ${a} is stored in other bytes, and guests read the same of it`]
      : [];
  });
}

async function bytesOnly(a: DiffSource, b: DiffSource, ctx: Context): Promise<readonly string[]> {
  const [one, other] = [a.opened.reader.descriptor, b.opened.reader.descriptor];
  if (one === null || other === null) return [];
  const { descriptorBytes } = ctx.limits;
  const [first, second] = [
    await readSmallEntry(one, descriptorBytes, ctx),
    await readSmallEntry(other, descriptorBytes, ctx),
  ];
  const same = first.length === second.length && first.every((byte, index) => byte === second[index]);
  return same ? [] : ["the descriptors differ in bytes only: no fact that vmferry reads is another"];
}
