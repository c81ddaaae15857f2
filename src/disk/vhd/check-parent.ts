import type { Diagnostic } from "../../base/diagnostics.js";
import { NIL_GUID } from "../../base/guid.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import type { VhdDynamicHeader } from "./header.js";
import { parentNameOf } from "./parent.js";

/** What a differencing disk says of its parent: a name that can be read, an identifier, and locators within the file. */
export async function* parentFindings(
  source: ByteSource,
  header: VhdDynamicHeader,
  ctx: Context,
): AsyncIterable<Diagnostic> {
  for (const { platform, at, length } of header.locators) {
    if (at + length <= source.size && length <= ctx.limits.diskDescriptorBytes) continue;
    yield {
      code: "vhd/bad-locator",
      severity: "warning",
      message: `the parent locator ${JSON.stringify(platform)} of ${length} bytes at ${at} lies outside of the file`,
      hint: "Programs that know no other way to the parent do not find it.",
      location: { at: "bytes", file: source.label, offset: at, length, field: "parent locator" },
    };
  }
  const named = (await parentNameOf(source, header, ctx)) !== null;
  if (named && header.parentId !== NIL_GUID) return;
  yield {
    code: "vhd/no-parent",
    severity: "error",
    message: named
      ? "a differencing disk holds no identifier of its parent"
      : "a differencing disk does not name its parent",
    hint: "Attach it to its parent where it comes from: the disk is incomplete without.",
    location: { at: "bytes", file: source.label, offset: 0, field: named ? "parent UUID" : "parent name" },
  };
}
