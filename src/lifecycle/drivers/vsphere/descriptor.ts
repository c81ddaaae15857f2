/** The OVF descriptor that a server writes of a machine (OvfManager.CreateDescriptor). */
import type { Diagnostic } from "../../../base/diagnostics.js";
import { FerryError } from "../../../base/errors.js";
import { printable } from "../../../base/text.js";
import type { Context } from "../../../io/context.js";
import { el } from "../../../xml/build.js";
import { parseXml } from "../../../xml/parse.js";
import type { VsphereClient } from "./client.js";
import { objectOf } from "./properties.js";
import { badAnswer, child, children, localizedFault, type Ref, refNode, textOf } from "./soap.js";

const OVF = "http://schemas.dmtf.org/ovf/envelope/1";

/** A file beside the descriptor. */
export interface DescribedFile {
  /** Of the device, as its lease has it. */
  readonly key: string;
  readonly name: string;
  /** `null`: nobody knows before it came. */
  readonly size: number | null;
}

/**
 * @returns the descriptor; what it says of sizes that nobody knows is taken out
 * @throws `VsphereFault`, `deploy/refused` where the server cannot describe the machine
 */
export async function createDescriptor(
  client: VsphereClient,
  machine: Ref,
  name: string,
  files: readonly DescribedFile[],
  ctx: Context,
): Promise<Uint8Array> {
  const manager = objectOf(await client.content(ctx.signal), "ovfManager");
  const parameters = el(
    "cdp",
    {},
    ...files.map((file) =>
      el(
        "ovfFiles",
        {},
        el("deviceId", {}, file.key),
        el("path", {}, file.name),
        el("size", {}, String(file.size ?? 0)),
      ),
    ),
    el("name", {}, name),
  );
  const options = { doing: `describe ${name}`, repeatable: true } as const;
  const answer = await client.call(
    "CreateDescriptor",
    manager,
    [refNode("obj", machine), parameters],
    options,
    ctx.signal,
  );
  const value = child(answer, "returnval");
  const [error] = children(value, "error");
  if (error !== undefined) {
    throw new FerryError("deploy/refused", `describe ${name}: ${localizedFault(error).words}`, {
      hint: "The server cannot write the machine as a package. Look at its devices in the client of the server.",
    });
  }
  for (const warning of children(value, "warning")) ctx.report(said(name, localizedFault(warning).words));
  const text = textOf(value, "ovfDescriptor");
  if (text === undefined || text === "") throw badAnswer("CreateDescriptor", "no descriptor");
  return withoutUnknown(new TextEncoder().encode(text), files, ctx);
}

function said(name: string, words: string): Diagnostic {
  return {
    code: "deploy/described",
    severity: "warning",
    message: `the server says of ${printable(name)}: ${words}`,
    hint: "It wrote the descriptor all the same.",
  };
}

function withoutUnknown(bytes: Uint8Array, files: readonly DescribedFile[], ctx: Context): Uint8Array {
  const unknown = new Set(files.filter(({ size }) => size === null).map(({ name }) => name));
  if (unknown.size === 0) return bytes;
  const document = parseXml(bytes, "the descriptor", ctx.limits);
  for (const file of document.root.element(OVF, "References")?.elements(OVF, "File") ?? []) {
    if (unknown.has(file.attribute(OVF, "href") ?? "")) file.setAttribute(OVF, "size", null);
  }
  return document.serialize();
}
