import { toHex } from "../base/bytes.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { HashName } from "../base/ids.js";
import { diagnosticOf } from "../disk/findings.js";
import type { Context, ProgressScope } from "../io/context.js";
import { type HashOptions, hashSource } from "../io/hash-lane.js";
import { type RidingHash, rideAlong } from "../io/riding-hash.js";
import type { ByteSource } from "../io/source.js";
import {
  compareManifest,
  type DigestRequest,
  type Digests,
  digestsFor,
  type ManifestCheck,
} from "../package/manifest/compare.js";
import { readManifest } from "../package/manifest/read.js";
import type { Manifest } from "../package/manifest/text.js";
import type { PackageEntry, PackageReader } from "../package/model.js";
import { type Trust, trustNobody } from "../package/trust/trust.js";
import { toDiagnosticResult, type VerifyResult } from "../report/results.js";
import { isDamage } from "./damage.js";
import { checkSignature, signerResult } from "./sign/signature.js";

/** What the integrity of a package came to. */
export interface Integrity {
  /** `unverifiable`: there is no manifest, so there is nothing to compare with. */
  readonly verdict: "intact" | "altered" | "unverifiable";
  readonly checks: readonly ManifestCheck[];
  readonly findings: readonly Diagnostic[];
  /** Every digest that was made, by the entry's name. */
  readonly digests: Digests;
}

/** How a check is prepared. */
export interface IntegrityOptions {
  /** `beside` others that begin to read when it is prepared, or `alone`. */
  readonly place: "alone" | "beside";
  /** Digests that are made in the same pass, whatever the manifest lists. */
  readonly more?: readonly DigestRequest[];
}

/** A check that is ready: its manifest was read. */
export interface PreparedIntegrity {
  /**
   * Hashes and compares. What was read meanwhile of sources that tell it (`ByteSource.watch`) is not read again; the rest of them is read
   * when `others` has ended.
   * @throws `io/changed` where a file changed meanwhile, and what reading throws
   */
  judge(others: Promise<unknown>): Promise<Integrity>;
}

/**
 * Hashes what the manifest lists, each file once, and compares. A job as long as the package, on a thread of its own. A file that is cut off
 * or damaged as a member is altered.
 * @throws `io/changed` where a file changed meanwhile, and what reading throws
 */
export async function checkIntegrity(reader: PackageReader, ctx: Context): Promise<Integrity> {
  return (await prepareIntegrity(reader, { place: "alone" }, ctx)).judge(Promise.resolve());
}

/** The same in two steps, so that files which others read beside it are not read twice where reading is dear. */
export async function prepareIntegrity(
  reader: PackageReader,
  { place, more = [] }: IntegrityOptions,
  ctx: Context,
): Promise<PreparedIntegrity> {
  const findings: Diagnostic[] = [];
  const own: Context = { ...ctx, report: (finding) => findings.push(finding) };
  const known = (integrity: Integrity): PreparedIntegrity => ({ judge: async () => integrity });
  let read: Manifest | null;
  try {
    read = await readManifest(reader, own);
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    return known({ verdict: "altered", checks: [], findings: [...findings, diagnosticOf(cause)], digests: new Map() });
  }
  if (read === null && more.length === 0) {
    return known({ verdict: "unverifiable", checks: [], findings, digests: new Map() });
  }
  const manifest = read;
  const lookup = (name: string): ReturnType<PackageReader["entry"]> => reader.entry(name);
  const requests = together([...(manifest === null ? [] : digestsFor(manifest, lookup)), ...more]);
  const total = requests.reduce((sum, request) => sum + request.entry.size, 0);
  const progress = ctx.progress.child("verify", reader.name, total);
  const riders = place === "beside" ? await startRiders(requests, progress, ctx) : new Map<PackageEntry, Rider>();
  return { judge };

  async function judge(others: Promise<unknown>): Promise<Integrity> {
    const digests = new Map<string, Partial<Record<HashName, string>>>();
    const unreadable = new Set<PackageEntry>();
    try {
      // Those that threads of their own hash do so beside the others.
      const [riding, plain] = [true, false].map((rides) => requests.filter(({ entry }) => riders.has(entry) === rides));
      for (const request of plain ?? []) await hash(request);
      if (riders.size > 0) await Promise.allSettled([others]);
      for (const request of riding ?? []) await hash(request);
    } finally {
      for (const { ride, source } of riders.values()) {
        ride.drop();
        await source.close();
      }
    }
    progress.done();
    if (manifest === null) return { verdict: "unverifiable", checks: [], findings, digests };
    const required = [...(reader.descriptor === null ? [] : [reader.descriptor]), ...reader.referenced];
    const comparison = compareManifest({ manifest, lookup, required, digests, unreadable });
    const all = [...findings, ...comparison.findings];
    const altered = all.some((finding) => finding.severity === "error");
    return { verdict: altered ? "altered" : "intact", checks: comparison.checks, findings: all, digests };

    async function hash({ entry, algorithms }: (typeof requests)[number]): Promise<void> {
      let told = 0;
      const rider = riders.get(entry);
      const tell = (bytes: number): void => {
        told += bytes;
        progress.advance(bytes);
      };
      try {
        const made =
          rider === undefined
            ? await digestsOf(entry, algorithms, { advanced: tell, thread: place === "alone" ? "this" : "own" }, ctx)
            : await rider.ride.finish();
        digests.set(entry.name, Object.fromEntries(algorithms.map((name, i) => [name, toHex(made[i] as Uint8Array)])));
        // A rider tells by itself.
        if (rider === undefined) progress.advance(entry.size - told);
      } catch (cause) {
        if (!isDamage(cause)) throw cause;
        unreadable.add(entry);
        findings.push(diagnosticOf(cause));
      }
    }
  }
}

/** Each file once, with all digests that are asked for. */
function together(requests: readonly DigestRequest[]): readonly DigestRequest[] {
  const wanted = new Map<PackageEntry, Set<HashName>>();
  for (const { entry, algorithms } of requests) {
    wanted.set(entry, new Set([...(wanted.get(entry) ?? []), ...algorithms]));
  }
  return [...wanted].map(([entry, algorithms]) => ({ entry, algorithms: [...algorithms] }));
}

interface Rider {
  readonly ride: RidingHash;
  readonly source: ByteSource;
}

/** Hashes that follow what others read, of the files where reading twice is dear. A file that cannot be opened has none: hashing tells why. */
async function startRiders(
  requests: ReturnType<typeof digestsFor>,
  progress: ProgressScope,
  ctx: Context,
): Promise<ReadonlyMap<PackageEntry, Rider>> {
  const riders = new Map<PackageEntry, Rider>();
  for (const { entry, algorithms } of requests) {
    let source: ByteSource;
    try {
      source = await entry.open();
    } catch (cause) {
      if (!isDamage(cause)) throw cause;
      continue;
    }
    const ride = rideAlong(source, algorithms, ctx, (bytes) => progress.advance(bytes));
    if (ride === null) await source.close();
    else riders.set(entry, { ride, source });
  }
  return riders;
}

async function digestsOf(
  entry: PackageEntry,
  algorithms: readonly HashName[],
  how: HashOptions,
  ctx: Context,
): Promise<readonly Uint8Array[]> {
  const source = await entry.open();
  try {
    return await hashSource(source, algorithms, ctx, how);
  } finally {
    await source.close();
  }
}

/** Sums that come from outside of the package. */
export interface GivenSum {
  readonly algorithm: HashName;
  /** Lower-case hexadecimal. */
  readonly digest: string;
}

/** What a verification asks for. */
export interface VerifyOptions {
  /** The package file itself, with the sums that it has to have. */
  readonly container?: { readonly source: ByteSource; readonly name: string; readonly sums: readonly GivenSum[] };
  /** There has to be a manifest, and it has to list the descriptor and every file that the descriptor refers to. */
  readonly requireManifest?: boolean;
  readonly requireSignature?: boolean;
  /** What keeps the descriptor from being read. */
  readonly unreadable?: FerryError | null;
  /** Whom to trust; nobody by default. */
  readonly trust?: Trust;
  /** Findings that opening the package brought: what says that files are missing or cut off belongs to the verdict. */
  readonly findings?: readonly Diagnostic[];
}

/**
 * Who made a package and whether it is intact: sums given from outside, the manifest, its signature, and who vouches for the signer. What
 * nothing vouches for makes a package unverifiable, not intact.
 */
export async function verifyPackage(
  reader: PackageReader,
  options: VerifyOptions,
  ctx: Context,
): Promise<VerifyResult> {
  const aboutFiles = (options.findings ?? []).filter(({ code }) => /^(?:package|tar)\//.test(code));
  const diagnostics: Diagnostic[] = [...aboutFiles];
  const { unreadable = null } = options;
  if (unreadable !== null) diagnostics.push(diagnosticOf(unreadable));
  const { container } = options;
  const given = container === undefined ? [] : await checkSums(container, "this", diagnostics, ctx);
  const integrity = await checkIntegrity(reader, ctx);
  const required = options.requireManifest === true ? "error" : "warning";
  for (const finding of integrity.findings) {
    // A member that is cut off was met when the package was opened, and again when it was read.
    if (finding.code.startsWith("tar/") && aboutFiles.some(({ code }) => code === finding.code)) continue;
    diagnostics.push(finding.code === "manifest/not-covered" ? { ...finding, severity: required } : finding);
  }
  if (integrity.verdict === "unverifiable") {
    diagnostics.push({
      code: "manifest/absent",
      severity: required,
      message: `${reader.name} has no manifest`,
      hint: "Nobody can tell whether its files were changed. Ask for a package with a manifest, or for a sum to compare with (--sha256).",
    });
  }
  const judgement = await checkSignature(reader, options.trust ?? trustNobody, ctx);
  const listsAll = !integrity.findings.some((finding) => finding.code === "manifest/not-covered");
  if (judgement === null) {
    diagnostics.push({
      code: "signature/absent",
      severity: options.requireSignature === true ? "error" : "warning",
      message: `${reader.name} is not signed`,
      hint: "The manifest shows whether files were damaged, not who made them.",
    });
  } else {
    diagnostics.push(...judgement.findings, ...judgement.doubts);
    if (judgement.signed !== "invalid" && !listsAll) diagnostics.push(partial(reader));
  }
  const incomplete = aboutFiles.some((finding) => finding.severity === "error");
  const altered = incomplete || integrity.verdict === "altered" || given.some((check) => !check.ok);
  // The sum of an archive is of all that is in it; the sum of a descriptor says nothing of the files beside it.
  const known = (integrity.verdict === "intact" && listsAll) || (given.length > 0 && reader.kind === "ova");
  return {
    schema: "vmferry/verify@1",
    verdict: altered ? "altered" : known ? "intact" : "unverifiable",
    signed: judgement?.signed ?? "unsigned",
    signer: signerResult(judgement),
    files: [...given, ...integrity.checks],
    policy: null,
    audit: null,
    diagnostics: diagnostics.map(toDiagnosticResult),
  };
}

/** A signature that is right, and not of everything. */
export function partial(reader: PackageReader): Diagnostic {
  return {
    code: "signature/partial",
    severity: "error",
    message: `the signature of ${reader.name} does not cover every file that the descriptor refers to`,
    hint: "Files that the manifest leaves out can be changed by anybody. Ask for a package whose manifest lists all of them.",
  };
}

/** Compares a package file with sums that were given. @param thread as of `hashSource` */
export async function checkSums(
  container: NonNullable<VerifyOptions["container"]>,
  thread: "own" | "this",
  diagnostics: Diagnostic[],
  ctx: Context,
): Promise<readonly ManifestCheck[]> {
  const { source, name, sums } = container;
  if (sums.length === 0) return [];
  const algorithms = sums.map((sum) => sum.algorithm);
  const progress = ctx.progress.child("verify", name, source.size);
  const digests = await hashSource(source, algorithms, ctx, {
    advanced: (bytes) => progress.advance(bytes),
    thread,
  });
  progress.done();
  return sums.map(({ algorithm, digest }, i) => {
    const actual = toHex(digests[i] as Uint8Array);
    if (actual !== digest) {
      diagnostics.push({
        code: "package/sum-mismatch",
        severity: "error",
        message: `the ${algorithm} of ${name} is not the one given`,
        hint: "It is another file, or it was altered or damaged on the way. Fetch it again.",
        data: { algorithm, expected: digest, actual },
      });
    }
    return { name, algorithm, expected: digest, actual, ok: actual === digest };
  });
}

/** The error for a package whose files are not what its manifest says, met while it is used. */
export function integrityError(reader: PackageReader, findings: readonly Diagnostic[]): FerryError {
  const first = findings.find((finding) => finding.severity === "error");
  return new FerryError("package/not-intact", `${reader.name} is not intact: ${first?.message ?? "a digest differs"}`, {
    hint: "Fetch it again. If you know why it differs, use --no-integrity.",
    diagnostics: findings,
  });
}
