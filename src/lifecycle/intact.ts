/** Whether a package is what its manifest says, remembered: hashing gigabytes again at each start would be what starting takes. */
import { createHash } from "node:crypto";
import { mkdir, open, rename, stat, writeFile } from "node:fs/promises";
import * as path from "node:path";
import type { Context } from "../io/context.js";
import { storedFiles } from "../operations/carry.js";
import { checkIntegrity, integrityError } from "../operations/verify.js";
import type { PackageReader } from "../package/model.js";

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

/**
 * Checks a package against its manifest, unless it was intact before and none of its files changed.
 * @param root where verdicts are remembered
 * @throws `package/not-intact`, and what reading throws
 */
export async function checkOnce(
  file: string,
  fingerprint: string,
  reader: PackageReader,
  root: string,
  ctx: Context,
): Promise<{ readonly verdict: Verdict; readonly from: "memory" | "check" }> {
  const place = path.join(root, "intact", `${createHash("sha256").update(file).digest("hex")}.json`);
  const known = await remembered(place);
  if (known?.fingerprint === fingerprint) return { verdict: known.verdict, from: "memory" };
  const { verdict, findings } = await checkIntegrity(reader, ctx);
  if (verdict === "altered") throw integrityError(reader, findings);
  await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
  const fresh = `${place}.${process.pid}`;
  await writeFile(fresh, `${JSON.stringify({ fingerprint, verdict })}\n`, { mode: 0o600 });
  await rename(fresh, place);
  return { verdict, from: "check" };
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
