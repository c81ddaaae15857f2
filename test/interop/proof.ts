import { appendFileSync } from "node:fs";
import type { DiskFormatId } from "../../src/base/ids.js";
import type { PeerName } from "./peers.js";

/** Names the file that gets a line of JSON for each proof. `run-tests --peers` sets it and holds the lines against the docs. */
export const PROOFS_VARIABLE = "VMFERRY_INTEROP_PROOFS";

/** What a test has seen of a format and another program. */
export interface Proof {
  readonly format: DiskFormatId;
  readonly variant: string;
  readonly peer: PeerName | "libvmdk" | "libvhdi" | "libqcow";
  /**
   * `written`: the peer reads what vmferry writes. `read`: vmferry reads what the peer writes. `alike`: both say the same of a file that was
   * damaged or put together by hand.
   */
  readonly direction: "written" | "read" | "alike";
  /** What was carried, such as a size, or what else was done. */
  readonly what: string;
  /** `null`: the same bytes arrived. Otherwise why the peer cannot. */
  readonly cannot: string | null;
}

/** Notes what was just proven. Call it after the assertions: a test that fails proves nothing. */
export function prove(proof: Proof): void {
  const file = process.env[PROOFS_VARIABLE];
  // One write of a short line: test files run at the same time.
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(proof)}\n`);
}

/** Sizes that every variant is tried with, in bytes: nothing, a sector, no whole units, more than 32 bits of sectors, more than 16 TB. */
export const SIZES: Readonly<Record<string, number>> = Object.freeze({
  "0 bytes": 0,
  "1 sector": 512,
  "64 KiB + 1 sector": 65_536 + 512,
  "5 MiB + 7 sectors": 5 * 2 ** 20 + 7 * 512,
  "2 TiB + 1 sector": 2 ** 41 + 512,
  "15 TiB": 15 * 2 ** 40,
});

/** In the order of tables. */
export const SIZE_NAMES: readonly string[] = Object.keys(SIZES);
