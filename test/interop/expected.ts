import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { PackageFacts } from "../support/fixtures.js";

/** A disk of a package: what its maker reads in it, or zeros where the package holds no file for it. */
export interface ExpectedDisk {
  readonly id: string;
  /** `null`: the disk is empty, and stays a line in a descriptor where one is written. */
  readonly file: string | null;
  readonly capacityBytes: number;
  readonly sha256: string;
}

/** What the disks of a package hold. */
export function expectedDisks(facts: PackageFacts): readonly ExpectedDisk[] {
  return (facts.appliance?.disks ?? []).map(({ id, file, capacityBytes }) => {
    const reading = facts.disks.find((disk) => disk.id === id);
    if (file !== null) assert.equal(reading?.capacityBytes, capacityBytes);
    return { id, file, capacityBytes, sha256: reading?.guestSha256 ?? sha256(new Uint8Array(capacityBytes)) };
  });
}

/** Whether a guest reads the expected bytes, and zeros behind them. */
export function holds(guest: Uint8Array, { capacityBytes, sha256: sum }: ExpectedDisk): boolean {
  return (
    guest.length >= capacityBytes &&
    guest.subarray(capacityBytes).every((byte) => byte === 0) &&
    sha256(guest.subarray(0, capacityBytes)) === sum
  );
}

/** Disks that have to be found somewhere, each once. */
export class MissingDisks {
  readonly #missing: ExpectedDisk[];

  constructor(expected: readonly ExpectedDisk[]) {
    this.#missing = [...expected];
  }

  /** The one with this content, which then is missing no more. Fails where there is none. */
  take(guest: Uint8Array, name: string): ExpectedDisk {
    const at = this.#missing.findIndex((disk) => holds(guest, disk));
    const [disk] = at < 0 ? [] : this.#missing.splice(at, 1);
    assert.ok(disk, `${name} holds what no disk of the package holds`);
    return disk;
  }

  assertNone(): void {
    const ids = this.#missing.map(({ id }) => id);
    assert.deepEqual(ids, []);
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
