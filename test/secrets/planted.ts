/** Secrets that tests plant, and the search for them. All begin alike, so that whoever finds the beginning has found one. */

/** How every planted value begins. It stands in no name of a test and in no message of ours. */
export const PLANTED: string = ["PLANTED", "SECRET", ""].join("-");

/** A secret to be planted. It has characters that addresses, XML and shells write in other ways. */
export function plant(name: string): string {
  return `${PLANTED}${name}+/%20&;'x`;
}

/** For XML attributes. */
export function inXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** The letters of base64 that the beginning has wherever it stands, for the three places that it can begin at. */
function inBase64(text: string): readonly string[] {
  return [0, 1, 2].map((before) => {
    const whole = Buffer.from("x".repeat(before) + text).toString("base64");
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor(((before + text.length) * 8) / 6);
    return whole.slice(first, last);
  });
}

/** The forms in which the beginning is looked for: as it is (also in addresses, XML and JSON), in base64, in hexadecimal. */
const FORMS: readonly (readonly [form: string, pattern: RegExp])[] = [
  ["plain", new RegExp(PLANTED, "i")],
  ["UTF-16", new RegExp([...PLANTED].join("\\0"))],
  [
    "base64",
    new RegExp(
      inBase64(PLANTED)
        .map((form) => form.replace(/[+/]/g, "[+/_-]"))
        .join("|"),
    ),
  ],
  ["hexadecimal", new RegExp(Buffer.from(PLANTED).toString("hex"), "i")],
];

/** Where a planted secret is, in words; `null`: nowhere. */
export function findPlanted(text: string): string | null {
  for (const [form, pattern] of FORMS) {
    const found = pattern.exec(text);
    // Not the value: whoever reads this may be the log of a test run.
    if (found !== null)
      return `${form}, behind ${JSON.stringify(text.slice(Math.max(0, found.index - 120), found.index))}`;
  }
  return null;
}
