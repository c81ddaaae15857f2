import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import type { Context } from "../io/context.js";
import { openEnvironment } from "../ovf/environment.js";
import { checkEnvironment } from "../ovf/environment-check.js";
import { parseXml } from "../xml/parse.js";
import type { XmlDocument } from "../xml/tree.js";
import type { PackageInput } from "./open.js";

/** An environment document, with what is wrong with it. */
export interface JudgedEnvironment {
  readonly xml: XmlDocument;
  readonly findings: readonly Diagnostic[];
}

/**
 * Judges what a guest is told about itself (`ovf-env.xml`, DSP8027), where the input is that; `null`: it is not.
 * @throws what reading it throws
 */
export async function judgeEnvironment(input: PackageInput, ctx: Context): Promise<JudgedEnvironment | null> {
  if (input.kind !== "file" || input.source.size > ctx.limits.descriptorBytes) return null;
  const { source } = input;
  const start = new TextDecoder().decode(await source.read(0, Math.min(source.size, WINDOW), ctx.signal));
  // The root element's name is near the beginning, behind comments.
  if (!/<(?:[^\s<>/:]+:)?Environment[\s>/]/.test(start)) return null;
  try {
    const xml = parseXml(await source.read(0, source.size, ctx.signal), input.name, ctx.limits);
    const document = openEnvironment(xml);
    return { xml, findings: [...xml.problems, ...checkEnvironment(document)] };
  } catch (cause) {
    if (cause instanceof FerryError && cause.code === "ovf-env/not-an-environment") return null;
    throw cause;
  }
}

/** Bytes in which the root element is looked for. */
const WINDOW = 64 * 1024;
