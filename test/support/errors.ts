import assert from "node:assert/strict";
import type { DiagnosticCode } from "../../src/base/diagnostics.js";
import { FerryError } from "../../src/base/errors.js";

/** For `assert.throws` and `assert.rejects`: an error of ours with this code. Anything else is shown. */
export function hasCode(code: DiagnosticCode): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof FerryError)) throw error;
    assert.equal(error.code, code, error.message);
    return true;
  };
}
