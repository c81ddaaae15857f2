/** A typed array larger than anything that a parser under fuzzing may ask for. */
export class AllocationTooLarge extends Error {}

const arrays = [
  "ArrayBuffer",
  "Uint8Array",
  "Uint16Array",
  "Uint32Array",
  "Int32Array",
  "Float64Array",
  "BigUint64Array",
] as const;

/** What a case has asked for so far. */
export interface Guard {
  /** Starts to count anew. */
  reset(): void;
}

/**
 * Makes every typed array of this thread that would take more than `bytes` throw, and every one after `total` bytes since the last
 * `reset`. The heap limit of a thread does not count
 * them, and the system hands out untouched zeros for free, so that nothing else would notice.
 */
export function guardAllocations(bytes: number, total: number): Guard {
  let taken = 0;
  for (const name of arrays) {
    const original = globalThis[name];
    const unit = "BYTES_PER_ELEMENT" in original ? original.BYTES_PER_ELEMENT : 1;
    const guarded: typeof original = new Proxy(original, {
      construct(target, args: readonly unknown[], newTarget): object {
        const [length] = args;
        if (typeof length === "number") {
          if (length * unit > bytes) {
            throw new AllocationTooLarge(`${name} of ${length * unit} bytes, more than ${bytes}`);
          }
          taken += length * unit;
          if (taken > total) throw new AllocationTooLarge(`${taken} bytes of typed arrays, more than ${total}`);
        }
        return Reflect.construct(target, args, newTarget === guarded ? target : newTarget);
      },
    });
    Object.assign(globalThis, { [name]: guarded });
  }
  return {
    reset(): void {
      taken = 0;
    },
  };
}
