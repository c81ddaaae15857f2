/** What belongs to the package and what does not, and who it says made it. */
import { plural } from "../../base/text.js";
import { type AuditCheck, shown } from "./check.js";

/** Characters that hide or turn text around: controls, marks of direction, zero width. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
const ODD = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;
/** What a console that shows texts as HTML would run. */
const MARKUP =
  /<\s*(?:script|iframe|object|embed|svg|img|form|meta|link)\b|javascript:|\bon(?:error|load|click|mouseover)\s*=/i;

/** Names of the parts of a distinguished name that say who somebody is. */
const WHO = /(?:^|,)(?:CN|O|OU)=((?:\\.|[^,\\])*)/g;

function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 2 && !/^(?:inc|ltd|llc|gmbh|corp|corporation|the|org|com)$/.test(word));
}

export const packageChecks: readonly AuditCheck[] = [
  {
    code: "audit/external-reference",
    severity: "warning",
    hint: "What lies there can change at any time, and whoever runs the server learns who asks. Fetch it and put it into the package.",
    *check({ document }) {
      for (const { href, element } of document.references) {
        if (href !== null && /^[a-z][a-z0-9+.-]*:/i.test(href)) {
          const { host = "" } = URL.canParse(href) ? new URL(href) : {};
          yield {
            message: `a file lies outside of the package${host === "" ? "" : `, on ${host}`}`,
            location: element.location,
            data: { host },
          };
        }
      }
    },
  },
  {
    code: "audit/unlisted-file",
    severity: "info",
    hint: "Nothing refers to it, and importers leave it behind. Look at what it is.",
    *check({ reader, document }) {
      const used = new Set(reader.referenced);
      for (const entry of reader.entries) {
        if (entry === reader.descriptor || used.has(entry) || entry.role === "manifest" || entry.role === "certificate")
          continue;
        if (entry.role === "strings" && document.strings.length > 0) continue;
        yield {
          message: `nothing refers to ${shown(entry.name)}`,
          location: { at: "member", file: reader.name, member: entry.name },
          data: { name: entry.name, size: entry.size },
        };
      }
    },
  },
  {
    code: "audit/odd-text",
    severity: "warning",
    hint: "Consoles show such texts: they may hide what they say, or run it. Look at the descriptor itself.",
    *check({ contents, products }) {
      const texts = [
        ...contents.flatMap((content) => [content.name, content.info]),
        ...products.flatMap((one) => [one.product, one.vendor, one.version, one.fullVersion, one.info]),
        ...products.flatMap(({ properties }) => properties.flatMap(({ label, description }) => [label, description])),
      ];
      for (const text of texts) {
        if (text === null) continue;
        const odd = ODD.test(text.text)
          ? "characters that hide or turn text"
          : MARKUP.test(text.text)
            ? "what a browser would run"
            : null;
        if (odd !== null) yield { message: `a text holds ${odd}`, location: text.element.location };
      }
    },
  },
  {
    code: "audit/vendor-unproven",
    severity: "info",
    hint: "Anybody can write any vendor into a descriptor. Only a certificate that somebody you trust vouches for says who made it.",
    *check({ products, signature }) {
      const vendors = new Set(products.flatMap(({ vendor }) => vendor?.text.trim() || []));
      const subject = signature === null || signature.signed === "invalid" ? null : (signature.signer?.subject ?? null);
      const who = subject === null ? [] : [...subject.matchAll(WHO)].flatMap(([, name = ""]) => wordsOf(name));
      for (const vendor of vendors) {
        if (wordsOf(vendor).some((word) => who.includes(word))) continue;
        const signer = subject === null ? "and nobody signed it" : `and ${subject} signed it`;
        yield { message: `it says that ${shown(vendor)} made it, ${signer}`, data: { vendor } };
      }
    },
  },
  {
    code: "audit/environment",
    severity: "info",
    hint: "The values of its properties reach the guest this way, passwords in plain text.",
    *check({ appliance }) {
      for (const { id, transports } of appliance.machines) {
        if (transports.length > 0)
          yield {
            message: `${shown(id)} is given its environment by ${transports.map(shown).join(", ")}`,
            data: { machine: id, transports },
          };
      }
    },
  },
  {
    code: "audit/licence",
    severity: "info",
    hint: "Whoever deploys the package accepts it: `vmferry inspect --json` shows the text.",
    *check({ appliance: { eulas } }) {
      if (eulas.length > 0)
        yield {
          message: `${plural(eulas.length, "licence text")} of ${eulas.reduce((sum, { text }) => sum + text.length, 0)} characters`,
        };
    },
  },
];
