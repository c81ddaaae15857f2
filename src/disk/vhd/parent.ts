import { decodeText } from "../../base/code-pages.js";
import type { Context } from "../../io/context.js";
import type { ByteSource } from "../../io/source.js";
import { portablePath } from "../windows-path.js";
import type { ParentLocator, VhdDynamicHeader } from "./header.js";

/** Kinds of parent locators, the most useful first: relative before absolute, Unicode before code pages. */
const PREFERENCE: readonly string[] = ["W2ru", "MacX", "W2ku", "Wi2r", "Wi2k"];

/**
 * The name by which a differencing disk knows its parent: from a locator, or the bare name in the header. A locator that lies outside of
 * the file, or is longer than `limits.diskDescriptorBytes`, is passed over: there may be a better one.
 */
export async function parentNameOf(source: ByteSource, header: VhdDynamicHeader, ctx: Context): Promise<string | null> {
  for (const platform of PREFERENCE) {
    for (const locator of header.locators) {
      if (locator.platform !== platform || !fits(source, locator, ctx)) continue;
      const name = decode(platform, await source.read(locator.at, locator.length, ctx.signal));
      if (name !== "") return name;
    }
  }
  return header.parentName === "" ? null : portablePath(header.parentName);
}

function fits(source: ByteSource, { at, length }: ParentLocator, ctx: Context): boolean {
  return length > 0 && length <= ctx.limits.diskDescriptorBytes && at + length <= source.size;
}

function decode(platform: string, bytes: Uint8Array): string {
  // Length or padding may include NULs.
  const text = (encoding: string): string => (decodeText(encoding, bytes, "replace").split("\0")[0] as string).trim();
  if (platform === "W2ru" || platform === "W2ku") return portablePath(text("utf-16le"));
  if (platform !== "MacX") return portablePath(text("windows-1252"));
  // XenServer writes `file://./parent.vhd` here.
  const url = /^file:\/\/(.*)$/i.exec(text("utf-8"));
  if (url === null) return "";
  try {
    return portablePath(decodeURIComponent(url[1] as string));
  } catch {
    // A percent sign that escapes nothing: the name as it stands.
    return portablePath(url[1] as string);
  }
}
