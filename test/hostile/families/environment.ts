import type { HostileCase, HostileFamily } from "../case.js";
import { file } from "../make.js";

const HEAD = `<?xml version="1.0" encoding="UTF-8"?>`;
const OPEN = `<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:oe="http://schemas.dmtf.org/ovf/environment/1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" oe:id="m">`;
const PLATFORM =
  "<PlatformSection><Kind>ESXi</Kind><Version>8</Version><Vendor>V</Vendor><Locale>en</Locale></PlatformSection>";
const property = (key: string, value = "v"): string => `<Property oe:key="${key}" oe:value="${value}"/>`;
const environment = (inner: string, head = HEAD) => file("ovf-env.xml", () => `${head}${OPEN}${inner}</Environment>`);

const rows: readonly (readonly [
  tries: string,
  code: HostileCase["code"],
  lay: HostileCase["lay"],
  outcome: 0 | 1 | 3,
])[] = [
  [
    "two properties of one key",
    "ovf-env/repeated",
    environment(`${PLATFORM}<PropertySection>${property("a")}${property("a")}</PropertySection>`),
    1,
  ],
  [
    "two property sections, of which guests read either",
    "ovf-env/repeated",
    environment(
      `${PLATFORM}<PropertySection>${property("a")}</PropertySection><PropertySection>${property("b")}</PropertySection>`,
    ),
    1,
  ],
  [
    "two entities of one id",
    "ovf-env/repeated",
    environment(`${PLATFORM}<PropertySection/><Entity oe:id="b"/><Entity oe:id="b"/>`),
    1,
  ],
  [
    "an element that the schema has not",
    "ovf-env/structure",
    environment(`${PLATFORM}<PropertySection><Run>id</Run></PropertySection>`),
    1,
  ],
  [
    "a document type with an entity of a file",
    "xml/doctype",
    environment(
      `${PLATFORM}<PropertySection>${property("a", "&x;")}</PropertySection>`,
      `${HEAD}<!DOCTYPE Environment [<!ENTITY x SYSTEM "file:///etc/passwd">]>`,
    ),
    1,
  ],
  [
    "a namespace that is not that of environments",
    "ovf-env/namespace",
    file("ovf-env.xml", () => `${HEAD}<Environment xmlns="urn:x"><PropertySection/></Environment>`),
    1,
  ],
  ["elements nested 10,000 deep", "xml/limit", environment(`${"<a>".repeat(10_000)}${"</a>".repeat(10_000)}`), 1],
];

/** What guests are told. */
export const environmentFamily: HostileFamily = {
  title: "Environments of guests",
  cases: rows.map(([tries, code, lay, outcome]) => ({
    tries: `an environment with ${tries}`,
    code,
    lay,
    runs: { validate: outcome },
  })),
};
