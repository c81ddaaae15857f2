import type { Diagnostic } from "../../base/diagnostics.js";
import { FerryError, throwIfAborted } from "../../base/errors.js";
import type { Context } from "../../io/context.js";
import type { OvfDocument } from "../../ovf/document.js";
import { finding } from "../../ovf/findings.js";
import type { MessageFiles } from "../../ovf/messages.js";
import type { PackageEntry, PackageReader } from "../../package/model.js";
import { parseXml } from "../../xml/parse.js";
import type { XmlDocument } from "../../xml/tree.js";

/**
 * Reads the message bundles and messages that lie beside a descriptor (DSP0243 10.2, 10.3). One that is not there is nobody's text: that
 * a file is missing is reported where references are checked. One that cannot be read is reported here and left out.
 */
export async function readMessageFiles(
  document: OvfDocument,
  files: PackageReader,
  ctx: Context,
  report: (diagnostic: Diagnostic) => void,
): Promise<MessageFiles> {
  const bundles = new Map<string, XmlDocument>();
  const texts = new Map<string, string>();
  // All of them together are no larger than a descriptor may be.
  let room = ctx.limits.descriptorBytes;
  const { messages } = document;
  for (const id of new Set([...messages.files, ...messages.textFiles])) {
    throwIfAborted(ctx.signal);
    const file = document.file(id);
    const entry = file?.href == null ? undefined : files.entry(file.href);
    if (file === undefined || entry === undefined) continue;
    try {
      const bytes = file.compression === null ? await readSmall(entry, room, ctx) : null;
      if (bytes === null) throw new FerryError("ovf/unreadable-bundle", `${entry.name} is compressed or too large`);
      room -= bytes.length;
      if (messages.files.includes(id)) bundles.set(id, parseBundle(bytes, entry.name, ctx));
      else texts.set(id, new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch (error) {
      if (!(error instanceof FerryError || error instanceof TypeError)) throw error;
      report(
        finding(
          "ovf/unreadable-bundle",
          "warning",
          file.element,
          `the texts in ${entry.name} are left out: ${error.message}`,
          {
            hint: "A bundle is XML with a Strings element as its root; a single message is plain UTF-8.",
            data: { file: entry.name },
          },
        ),
      );
    }
  }
  return { bundles, texts };
}

/** `null`: there is no room for it. */
async function readSmall(entry: PackageEntry, room: number, ctx: Context): Promise<Uint8Array | null> {
  const source = await entry.open();
  try {
    return source.size > room ? null : await source.read(0, source.size, ctx.signal);
  } finally {
    await source.close();
  }
}

function parseBundle(bytes: Uint8Array, name: string, ctx: Context): XmlDocument {
  const document = parseXml(bytes, name, ctx.limits);
  if (document.root.name === "Strings") return document;
  throw new FerryError("ovf/not-a-bundle", `the root element of ${name} is ${document.root.name}, not Strings`);
}
