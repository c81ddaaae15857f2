import type { Diagnostic } from "../../base/diagnostics.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { findingAt, type Spot } from "../findings.js";
import { compareCopied } from "./copied.js";
import type { Qcow2Header } from "./header.js";
import { surveyTables } from "./l2-walk.js";
import { surveyPlaces } from "./places.js";
import { compareCounts } from "./stored-counts.js";

/**
 * Checks an image: every table and pointer, what lies over what, reference counts against uses, flags. The guest's bytes are not read, and
 * compressed clusters are not unpacked.
 * @throws `io/limit` where that takes more memory than `limits.tableBytes`
 */
export async function* checkQcow2(source: ByteSource, ctx: Context): AsyncIterable<Diagnostic> {
  const image = yield* surveyPlaces(source, ctx);
  if (image === null) return;
  yield* stateFindings(image.header, source);
  yield* surveyTables(image, ctx);
  yield* compareCounts(image, ctx);
  yield* compareCopied(image, ctx);
}

/** What the header says of itself. */
export function* stateFindings(header: Qcow2Header, source: ByteSource): Iterable<Diagnostic> {
  const spot: Spot = { file: source.label, offset: 72, field: "incompatible_features" };
  if (header.dirty) {
    const message = "the image was not closed properly; its reference counts may be wrong, which reading does not need";
    yield findingAt("qcow2/dirty", "warning", spot, message);
  }
  if (header.corrupt) {
    yield findingAt("qcow2/corrupt", "error", spot, "the image is marked as corrupt; what is read may be wrong");
  }
}
