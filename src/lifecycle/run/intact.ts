/** Whether a package is what its manifest says, remembered: hashing gigabytes again at each start would be what starting takes. */
import { createHash } from "node:crypto";
import { mkdir, open, rename, stat, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { canceled, FerryError } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import { storedFiles } from "../../operations/carry.js";
import { isDamage } from "../../operations/damage.js";
import { checkIntegrity, integrityError } from "../../operations/verify.js";
import type { PackageReader } from "../../package/model.js";

/** What a check came to: `unverifiable` where there is no manifest. */
export type Verdict = "intact" | "unverifiable";

/**
 * A digest of what the system says of each file of a package: path, size, time of change, inode.
 * @param file absolute path of what was opened: an archive, a descriptor, a folder
 */
export async function fingerprintOf(file: string, reader: PackageReader): Promise<string> {
  const own = await stat(file);
  const folder = own.isDirectory() ? file : path.dirname(file);
  const names = [...storedFiles(reader.entries)].map(({ name }) => path.join(folder, name));
  const hash = createHash("sha256");
  for (const one of own.isDirectory() ? names : [file, ...names]) {
    // Members of an archive are no files of their own.
    const found = await stat(one, { bigint: true }).catch(() => null);
    if (found?.isFile() === true) {
      hash.update(JSON.stringify([one, `${found.size}`, `${found.mtimeNs}`, `${found.ino}`]));
    }
  }
  return hash.digest("hex");
}

/** Bytes of one remembered verdict. */
const MOST_BYTES = 4096;

/** A state of a package, and where verdicts about packages are remembered. */
export interface CheckedPackage {
  /** Absolute path of what was opened. */
  readonly file: string;
  /** Of `fingerprintOf`. */
  readonly fingerprint: string;
  /** Folder of all state. */
  readonly root: string;
}

/** What a check came to, and where that is known from. */
export interface Checked {
  readonly verdict: Verdict;
  readonly from: "memory" | "check";
}

/** The verdict about exactly this state of a package; `null`: it has to be checked. */
export async function knownVerdict(checked: CheckedPackage): Promise<Verdict | null> {
  const known = await remembered(placeOf(checked));
  return known?.fingerprint === checked.fingerprint ? known.verdict : null;
}

/** A check that goes on beside other work. */
export interface CheckBeside {
  /** @throws `package/not-intact`, `run/canceled`, and what reading throws */
  readonly done: Promise<Checked>;
  /** Ends it, and resolves when nothing is read any more. */
  stop(): Promise<void>;
}

/**
 * Checks a package against its manifest, unless it was intact before and none of its files changed. The caller goes on meanwhile, with everything but
 * what an altered package must not do.
 */
export function checkBeside(checked: CheckedPackage, reader: PackageReader, ctx: Context): CheckBeside {
  const end = new AbortController();
  const done = check(checked, reader, { ...ctx, signal: AbortSignal.any([ctx.signal, end.signal]) });
  // Met where it is awaited; until then it is not unhandled.
  done.catch(() => {});
  return {
    done,
    async stop(): Promise<void> {
      end.abort(canceled());
      await done.catch(() => {});
    },
  };
}

async function check(checked: CheckedPackage, reader: PackageReader, ctx: Context): Promise<Checked> {
  const known = await knownVerdict(checked);
  if (known !== null) return { verdict: known, from: "memory" };
  const { verdict, findings } = await checkIntegrity(reader, ctx);
  if (verdict === "altered") {
    throw new FerryError("package/not-intact", integrityError(reader, findings).message, {
      hint: "Fetch it again. Where the change was yours, vmferry fix writes its manifest anew.",
      diagnostics: findings,
    });
  }
  const place = placeOf(checked);
  await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
  const fresh = `${place}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify({ fingerprint: checked.fingerprint, verdict })}\n`, { mode: 0o600 });
  await rename(fresh, place);
  return { verdict, from: "check" };
}

/** What is thrown for a failure beside a check: damage of an altered package is that it was altered. */
export async function betterCause(cause: unknown, { done }: CheckBeside): Promise<unknown> {
  if (!isDamage(cause)) return cause;
  return done.then(
    () => cause,
    (altered: unknown) => altered,
  );
}

function placeOf({ file, root }: CheckedPackage): string {
  return path.join(root, "intact", `${createHash("sha256").update(file).digest("hex")}.json`);
}

/** What a file says; `null` where it says nothing that is understood: then the package is checked. */
async function remembered(place: string): Promise<{ fingerprint: string; verdict: Verdict } | null> {
  try {
    const handle = await open(place, "r");
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(MOST_BYTES), 0, MOST_BYTES, 0);
      const value: unknown = JSON.parse(new TextDecoder().decode(buffer.subarray(0, bytesRead)));
      const { fingerprint, verdict } = value as { fingerprint?: unknown; verdict?: unknown };
      if (typeof fingerprint !== "string" || (verdict !== "intact" && verdict !== "unverifiable")) return null;
      return { fingerprint, verdict };
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}
