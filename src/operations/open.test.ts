import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type PackageFiles, packageOf } from "../../test/support/packages.js";
import { Workshop } from "../../test/support/workshop.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { openPath } from "../runtime/node/input.js";
import { createContext } from "../runtime/node/runtime.js";
import { openPackage } from "./open.js";

const shop = new Workshop();
after(() => shop.close());

const OVF2 = "http://schemas.dmtf.org/ovf/envelope/2";
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const bundle = (language: string, text: string): Uint8Array =>
  utf8(`<Strings xmlns="${OVF2}" xmlns:o="${OVF2}" xml:lang="${language}"><Msg o:msgid="n">${text}</Msg></Strings>`);

/** A machine whose name is in bundles beside the descriptor. */
function withBundles(files: PackageFiles, attributes = ""): PackageFiles {
  const names = Object.keys(files);
  const listed = names.map((name, i) => `<File o:id="f${i}" o:href="${name}" ${attributes}/>`);
  const strings = names.map((name, i) =>
    name.endsWith(".txt")
      ? `<Strings xml:lang="ja"><Msg o:msgid="n" o:fileRef="f${i}"/></Strings>`
      : `<Strings o:fileRef="f${i}"/>`,
  );
  const text = `<Envelope xmlns="${OVF2}" xmlns:o="${OVF2}"><References>${listed.join("")}</References>
    <VirtualSystem o:id="m"><Info/><Name o:msgid="n">Own</Name><VirtualHardwareSection><Info/></VirtualHardwareSection></VirtualSystem>
    ${strings.join("")}</Envelope>`;
  return packageOf(text, files);
}

async function nameIn(files: PackageFiles, locale: string): Promise<readonly [string | undefined, readonly string[]]> {
  const input = await openPath(shop.archive(files), shop.runtime.native);
  const found: Diagnostic[] = [];
  const ctx = createContext(shop.runtime, { report: (finding) => found.push(finding) });
  try {
    const opened = await openPackage(input, {}, ctx);
    const codes = found.map(({ code }) => code).filter((code) => code.startsWith("ovf/"));
    return [opened.appliance({ locale }, ctx).machines[0]?.name, codes];
  } finally {
    await input.close();
  }
}

test("texts are read from bundles and messages beside the descriptor", async () => {
  const files = withBundles({ "de.xml": bundle("de", "Deutsch"), "ja.txt": utf8("日本語") });
  assert.deepEqual(await nameIn(files, "de-CH"), ["Deutsch", []]);
  assert.deepEqual(await nameIn(files, "ja"), ["日本語", []]);
  assert.deepEqual(await nameIn(files, "fr"), ["Own", []]);
});

test("a bundle that cannot be read is left out, and said", async () => {
  const broken: Readonly<Record<string, Uint8Array>> = {
    "other.xml": utf8("<Envelope/>"),
    "cut.xml": utf8("<Strings>"),
    "latin.txt": new Uint8Array([0xe9, 0x20, 0xff]),
  };
  for (const [name, bytes] of Object.entries(broken)) {
    const files = withBundles({ [name]: bytes, "de.xml": bundle("de", "Deutsch") });
    assert.deepEqual(await nameIn(files, "de"), ["Deutsch", ["ovf/unreadable-bundle"]], name);
  }
  const packed = withBundles({ "de.xml": bundle("de", "Deutsch") }, 'o:compression="gzip"');
  assert.deepEqual(await nameIn(packed, "de"), ["Own", ["ovf/unreadable-bundle"]]);
});
