import type { HostileCase, HostileFamily } from "../case.js";
import { changed, DESCRIPTOR, described, folder, packed, utf8 } from "../make.js";

const everywhere = { inspect: 3, validate: 1, convert: 3, "convert --to ova": 3, verify: 1 } as const;

/** A package whose descriptor has these bytes. */
const raw = (make: () => Uint8Array) =>
  folder(() => ({ ...described(DESCRIPTOR), "box.ovf": make(), "box.mf": utf8("") }));
const text = (make: () => string) => raw(() => utf8(make()));
/** The good descriptor with a piece in front of its References. */
const within = (piece: () => string) => text(() => changed("<References>", `${piece()}<References>`));
/** The good descriptor with a document type. */
const doctype = (type: string, reference: string) =>
  text(() =>
    changed("<Info>A machine</Info>", `<Info>A machine.${reference}</Info>`, changed("<!-- made by a test -->", type)),
  );

function utf16(content: string, mark: string): Uint8Array {
  return Buffer.from(`${mark}${content}`, "utf16le");
}

const entities: readonly HostileCase[] = (
  [
    ["a file of the system as an entity", '<!DOCTYPE Envelope [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"],
    [
      "an address of the network as an entity",
      '<!DOCTYPE Envelope [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>',
      "&x;",
    ],
    [
      "entities of entities that would make gigabytes",
      `<!DOCTYPE Envelope [<!ENTITY a "aaaaaaaaaa">${"bcdefghij"
        .split("")
        .map((c, i) => `<!ENTITY ${c} "${`&${"abcdefghij"[i]};`.repeat(10)}">`)
        .join("")}]>`,
      "&j;",
    ],
    [
      "an entity of 30 KB that is used often",
      `<!DOCTYPE Envelope [<!ENTITY a "${"a".repeat(30_000)}">]>`,
      "&a;".repeat(50),
    ],
    [
      "parameter entities that fetch a document type",
      '<!DOCTYPE Envelope [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]>',
      "",
    ],
    ["a document type of another host", '<!DOCTYPE Envelope SYSTEM "http://127.0.0.1:9/ovf.dtd">', ""],
    ["an entity that stands for itself", '<!DOCTYPE Envelope [<!ENTITY a "&a;">]>', "&a;"],
    [
      "attributes by a document type, which others see",
      '<!DOCTYPE Envelope [<!ATTLIST File ovf:href CDATA "other.vmdk">]>',
      "",
    ],
  ] as const
).map(([what, type, reference]) => ({
  tries: what,
  code: "xml/doctype",
  lay: doctype(type, reference),
  runs: everywhere,
}));

const broken: readonly HostileCase[] = (
  [
    ["tags that cross", () => "<a><b></a></b>"],
    ["a tag that never ends", () => "<a"],
    ["an attribute without quotes", () => "<a b=c/>"],
    ["an attribute without a value", () => "<a b/>"],
    ["a less-than sign in an attribute", () => '<a b="<"/>'],
    ["an ampersand alone", () => "<a>fish & chips</a>"],
    ["a comment with two hyphens", () => "<!-- a -- b -->"],
    ["a comment that never ends", () => "<!-- "],
    ["a CDATA section that never ends", () => "<a><![CDATA[ "],
    ["a processing instruction called xml in the middle", () => "<?xml version='1.0'?>"],
    ["a reference to the character 0", () => "<a>&#0;</a>"],
    ["a reference to half a character", () => "<a>&#xD800;</a>"],
    ["a reference beyond Unicode", () => "<a>&#x110000;</a>"],
    ["a reference of a million digits", () => `<a>&#${"9".repeat(1_000_000)};</a>`],
    ["a control character", () => "<a>\u0001</a>"],
    ["the end of CDATA in plain text", () => "<a>]]></a>"],
    ["a name that starts with a digit", () => "<1a/>"],
    ["a name with two colons", () => "<a:b:c xmlns:a='urn:a'/>"],
    ["an end without a beginning", () => "</a>"],
  ] as const
).map(([what, piece]) => ({
  tries: `${what} in the descriptor`,
  code: "xml/not-well-formed",
  lay: within(piece),
  runs: everywhere,
}));

/** Descriptors that a parser has to survive. */
export const xmlFamily: HostileFamily = {
  title: "XML",
  cases: [
    ...entities,
    ...broken,
    {
      tries: "an entity of HTML without a document type",
      code: "xml/undefined-entity",
      lay: within(() => "<a>&nbsp;</a>"),
      runs: everywhere,
    },
    {
      tries: "a prefix that nobody declared",
      code: "xml/undeclared-prefix",
      lay: within(() => "<nobody:a/>"),
      runs: { inspect: 0, validate: 0 },
    },
    {
      tries: "an attribute twice",
      code: "xml/duplicate-attribute",
      lay: text(() => changed('ovf:href="disk.vmdk"', 'ovf:href="disk.vmdk" ovf:href="other.vmdk"')),
      runs: everywhere,
    },
    {
      tries: "an attribute twice by two prefixes of one namespace",
      code: "xml/duplicate-attribute",
      lay: text(() =>
        changed(
          'ovf:href="disk.vmdk"',
          'xmlns:o="http://schemas.dmtf.org/ovf/envelope/1" ovf:href="disk.vmdk" o:href="other.vmdk"',
        ),
      ),
      runs: everywhere,
    },
    {
      tries: "10,000 elements in each other",
      code: "xml/limit",
      lay: within(() => `${"<a>".repeat(10_000)}${"</a>".repeat(10_000)}`),
      runs: everywhere,
    },
    {
      tries: "100,000 attributes of one element",
      code: "xml/limit",
      lay: within(() => `<a ${Array.from({ length: 100_000 }, (_, i) => `a${i}=""`).join(" ")}/>`),
      runs: everywhere,
    },
    {
      tries: "100,000 namespaces of one element",
      code: "xml/limit",
      lay: within(() => `<a ${Array.from({ length: 100_000 }, (_, i) => `xmlns:a${i}="urn:${i}"`).join(" ")}/>`),
      runs: everywhere,
    },
    {
      tries: "2,000,001 elements",
      code: "xml/limit",
      lay: within(() => "<a/>".repeat(2_000_001)),
      runs: { inspect: 3 },
    },
    {
      tries: "elements beyond a limit that was lowered",
      code: "xml/limit",
      lay: text(() => DESCRIPTOR),
      runs: { inspect: 3, validate: 1, convert: 3 },
      options: ["--limit", "xmlElements=20"],
    },
    {
      tries: "a descriptor beyond the limit of its size",
      code: "xml/limit",
      lay: text(() => DESCRIPTOR),
      runs: { inspect: 3, convert: 3, verify: 1 },
      options: ["--limit", "descriptorBytes=1000"],
    },
    {
      tries: "a descriptor of 65 MiB of blanks",
      code: "xml/limit",
      lay: within(() => " ".repeat(65 * 2 ** 20)),
      runs: { inspect: 3 },
    },
    {
      tries: "an attribute of 4 MiB",
      code: "ovf/unknown-disk-format",
      lay: text(() => changed(/ovf:format="[^"]*"/, `ovf:format="${"x".repeat(4 * 2 ** 20)}"`)),
      runs: { inspect: 0 },
    },
    {
      tries: "bytes that are no UTF-8 under a declaration that says so",
      code: "xml/encoding",
      lay: raw(() =>
        Buffer.concat([
          utf8("<?xml version='1.0' encoding='UTF-8'?><Envelope>"),
          Uint8Array.of(0xff, 0xc0, 0x80),
          utf8("</Envelope>"),
        ]),
      ),
      runs: { inspect: 3, convert: 3 },
    },
    {
      tries: "an overlong form of '<', to pass a filter of bytes",
      code: "xml/encoding",
      lay: raw(() =>
        Buffer.concat([utf8(DESCRIPTOR.slice(0, -13)), Uint8Array.of(0xc0, 0xbc), utf8(DESCRIPTOR.slice(-13))]),
      ),
      runs: everywhere,
    },
    {
      tries: "an encoding that nobody reads",
      code: "xml/encoding",
      lay: text(() => changed('encoding="UTF-8"', 'encoding="UTF-7"')),
      runs: everywhere,
    },
    {
      tries: "UTF-16 under a declaration of UTF-8",
      code: "package/unknown-kind",
      lay: raw(() => utf16(DESCRIPTOR, "")),
      runs: { inspect: 2, convert: 2 },
    },
    {
      tries: "UTF-16 that ends in half a character",
      code: "xml/encoding",
      lay: raw(() => utf16(changed('encoding="UTF-8"', 'encoding="UTF-16"'), "\ufeff").subarray(0, -1)),
      runs: { inspect: 3, convert: 3 },
    },
    {
      tries: "a descriptor with nothing in it",
      code: "xml/empty",
      lay: packed(() => ({ "box.ovf": utf8(""), "box.mf": utf8("") })),
      runs: { inspect: 3, validate: 1, convert: 3 },
    },
    {
      tries: "a descriptor of comments alone",
      code: "xml/empty",
      lay: packed(() => ({ "box.ovf": utf8(`<?xml version="1.0"?>${"<!-- x -->".repeat(10_000)}`) })),
      runs: { inspect: 3, validate: 1, convert: 3 },
    },
    {
      tries: "a page of HTML called a descriptor",
      code: "xml/doctype",
      lay: packed(() => ({ "box.ovf": utf8("<!DOCTYPE html><html><body>404</body></html>") })),
      runs: { inspect: 3, validate: 1, convert: 3 },
    },
    {
      tries: "a document of another kind called a descriptor",
      code: "ovf/not-an-envelope",
      lay: packed(() => ({ "box.ovf": utf8("<domain type='kvm'><name>x</name></domain>") })),
      runs: { inspect: 3, validate: 1, convert: 3 },
    },
    {
      tries: "an envelope in an envelope",
      code: "ovf/no-machine",
      lay: text(
        () =>
          `<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1">${DESCRIPTOR.slice(DESCRIPTOR.indexOf("<Envelope"))}</Envelope>`,
      ),
      runs: { inspect: 1 },
    },
    {
      tries: "an envelope in a namespace that looks like the right one",
      code: "ovf/unknown-namespace",
      lay: text(() =>
        DESCRIPTOR.replaceAll("http://schemas.dmtf.org/ovf/envelope/1", "http://schemas.dmtf.org/ovf/envelope/l"),
      ),
      runs: { inspect: 0 },
    },
  ],
};
