import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "../../../base/bytes.js";
import { decipherRc2 } from "./rc2.js";

test("RC2 deciphers the vectors of RFC 2268, section 5", () => {
  for (const [key, bits, plain, cipher] of [
    ["0000000000000000", 63, "0000000000000000", "ebb773f993278eff"],
    ["ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"],
    ["3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"],
    ["88", 64, "0000000000000000", "61a8a244adacccf0"],
    ["88bca90e90875a", 64, "0000000000000000", "6ccf4308974c267f"],
    ["88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"],
    ["88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"],
    ["88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e", 129, "0000000000000000", "5b78d3a43dfff1f1"],
  ] as const) {
    const bytes = (hex: string): Uint8Array => fromHex(hex) ?? assert.fail(hex);
    assert.equal(toHex(decipherRc2(bytes(key), bits, new Uint8Array(8), bytes(cipher))), plain, key);
  }
});
