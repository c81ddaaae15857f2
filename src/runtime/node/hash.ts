import { createHash } from "node:crypto";
import type { HashName } from "../../base/ids.js";
import type { IncrementalHash } from "../../io/codec.js";

/** A digest by OpenSSL. */
export function nodeHash(algorithm: HashName): IncrementalHash {
  const hash = createHash(algorithm);
  return {
    update(bytes): void {
      hash.update(bytes);
    },
    digest: () => new Uint8Array(hash.digest()),
  };
}
