import { createHash } from "node:crypto";
import type { HostileCase, HostileFamily, Outcome } from "../case.js";
import { GOOD, packed, utf8 } from "../make.js";

const LINES = new TextDecoder().decode(GOOD["box.mf"]);
const [OVF_LINE = "", DISK_LINE = ""] = LINES.split("\n");
/** The good package with another manifest. */
const manifest = (make: () => string | Uint8Array) =>
  packed(() => {
    const bytes = make();
    return { ...GOOD, "box.mf": typeof bytes === "string" ? utf8(bytes) : bytes };
  });
const sum = (algorithm: string, name: string): string =>
  createHash(algorithm)
    .update(GOOD[name] ?? "")
    .digest("hex");
const altered = { verify: 1, convert: [3, "package/not-intact"], unpack: [3, "package/not-intact"] } as const;

/** A manifest, its code, what `verify` and then `convert` make of it. */
type Row = readonly [
  tries: string,
  make: () => string | Uint8Array,
  code: HostileCase["code"],
  runs: HostileCase["runs"],
];

const note = (outcome: Outcome = 0): HostileCase["runs"] => ({ verify: outcome });

const rows: readonly Row[] = [
  [
    "one digit changed",
    () => LINES.replace(/.\n$/, (end) => (end === "0\n" ? "1\n" : "0\n")),
    "manifest/digest-mismatch",
    altered,
  ],
  [
    "the digests of two files exchanged",
    () => {
      const [a = "", b = ""] = [OVF_LINE.slice(-64), DISK_LINE.slice(-64)];
      return LINES.replace(a, "?").replace(b, a).replace("?", b);
    },
    "manifest/digest-mismatch",
    altered,
  ],
  [
    "a right SHA1 beside a wrong SHA256, for readers that stop at the first",
    () => `SHA1(disk.vmdk)= ${sum("sha1", "disk.vmdk")}\n${OVF_LINE}\nSHA256(disk.vmdk)= ${"0".repeat(64)}\n`,
    "manifest/digest-mismatch",
    altered,
  ],
  ["the disk left out", () => `${OVF_LINE}\n`, "manifest/not-covered", note()],
  ["the descriptor left out", () => `${DISK_LINE}\n`, "manifest/not-covered", note()],
  ["nothing in it", () => "", "manifest/not-covered", note()],
  [
    "a file that is not in the package",
    () => `${LINES}SHA256(other.iso)= ${"0".repeat(64)}\n`,
    "manifest/missing-file",
    { verify: 1 },
  ],
  [
    "a path out of the package, to make the reader read it",
    () => `${LINES}SHA256(../../../etc/passwd)= ${"0".repeat(64)}\n`,
    "manifest/missing-file",
    { verify: 1 },
  ],
  [
    "a device for a file",
    () => `${LINES}SHA256(/dev/zero)= ${"0".repeat(64)}\n`,
    "manifest/missing-file",
    { verify: 1 },
  ],
  [
    "an address for a file",
    () => `${LINES}SHA256(http://127.0.0.1:9/x)= ${"0".repeat(64)}\n`,
    "manifest/missing-file",
    { verify: 1 },
  ],
  ["itself in it", () => `${LINES}SHA256(box.mf)= ${"0".repeat(64)}\n`, "manifest/lists-itself", note()],
  [
    "an algorithm that nobody knows",
    () => `${OVF_LINE}\nCRC32(disk.vmdk)= 00000000\n`,
    "manifest/unknown-algorithm",
    { verify: 1 },
  ],
  ["an algorithm called none", () => `${OVF_LINE}\nNONE(disk.vmdk)= \n`, "manifest/unknown-algorithm", { verify: 1 }],
  [
    "MD5, which proves nothing any more",
    () => `MD5(box.ovf)= ${sum("md5", "box.ovf")}\nMD5(disk.vmdk)= ${sum("md5", "disk.vmdk")}\n`,
    "manifest/weak-algorithm",
    note(),
  ],
  [
    "SHA1, which proves nothing any more",
    () => `SHA1(box.ovf)= ${sum("sha1", "box.ovf")}\nSHA1(disk.vmdk)= ${sum("sha1", "disk.vmdk")}\n`,
    "manifest/weak-algorithm",
    note(),
  ],
  ["a digest cut short", () => `${OVF_LINE}\n${DISK_LINE.slice(0, -2)}\n`, "manifest/bad-digest", { verify: 1 }],
  ["a digest of nothing", () => `${OVF_LINE}\nSHA256(disk.vmdk)=\n`, "manifest/bad-digest", { verify: 1 }],
  [
    "a digest with letters beyond f",
    () => `${OVF_LINE}\nSHA256(disk.vmdk)= ${"z".repeat(64)}\n`,
    "manifest/bad-digest",
    { verify: 1 },
  ],
  ["a line that is none", () => `${LINES}<html>404</html>\n`, "manifest/bad-line", { verify: 1 }],
  ["ten thousand lines that are none", () => `${LINES}${"x\n".repeat(10_000)}`, "manifest/bad-line", { verify: 1 }],
  ["one line of 8 MiB", () => `${LINES}${"SHA256(".repeat(1_200_000)}`, "manifest/bad-line", { verify: 1 }],
  [
    "a name with an escape sequence",
    () => `${LINES}SHA256(\u001b[2Jx\u202e)= ${"0".repeat(64)}\n`,
    "manifest/missing-file",
    { verify: 1 },
  ],
  [
    "16 MiB of line feeds and one more",
    () => "\n".repeat(16 * 2 ** 20 + 1),
    "io/limit",
    { verify: 3, convert: 3, validate: 1 },
  ],
  [
    "ten thousand lines for one file",
    () => LINES + `${DISK_LINE}\n`.repeat(10_000),
    "manifest/duplicate-entry",
    note(),
  ],
  ["UTF-16", () => Buffer.from(`\ufeff${LINES}`, "utf16le"), "manifest/odd-spelling", note()],
  [
    "the lines of sha256sum",
    () => `${sum("sha256", "box.ovf")} *box.ovf\n${sum("sha256", "disk.vmdk")} *disk.vmdk\n`,
    "manifest/odd-spelling",
    note(),
  ],
];

/** Manifests that lie, leave out, or are made to be misread. */
export const manifestFamily: HostileFamily = {
  title: "Manifests",
  cases: [
    ...rows.map(
      ([what, make, code, runs]): HostileCase => ({
        tries: `a manifest with ${what}`,
        code,
        lay: manifest(make),
        runs,
      }),
    ),
    {
      tries: "a manifest with a second line for the disk and another digest in it",
      code: "manifest/duplicate-entry",
      also: ["manifest/digest-mismatch"],
      lay: manifest(() => `${LINES}SHA256(disk.vmdk)= ${"0".repeat(64)}\n`),
      runs: { verify: 1, validate: 1, convert: [3, "package/not-intact"] },
    },
    {
      tries: "a package without a manifest where one is required",
      code: "manifest/absent",
      lay: packed(() => ({ "box.ovf": GOOD["box.ovf"] ?? utf8(""), "disk.vmdk": GOOD["disk.vmdk"] ?? utf8("") })),
      options: ["--require-manifest"],
      runs: { verify: 1 },
    },
    {
      tries: "a package without a signature where one is required",
      code: "signature/absent",
      lay: packed(() => GOOD),
      options: ["--require-signature"],
      runs: { verify: 1 },
    },
    {
      tries: "the manifest of another package",
      code: "package/stray-manifest",
      lay: packed(() => {
        const { "box.mf": other = utf8(""), ...files } = GOOD;
        return { ...files, "other.mf": other };
      }),
      runs: { inspect: 0, verify: 0 },
    },
    {
      tries: "one bit of the disk flipped",
      code: "manifest/digest-mismatch",
      lay: packed(() => {
        const disk = (GOOD["disk.vmdk"] ?? utf8("")).slice();
        disk[66_000] = (disk[66_000] ?? 0) ^ 1;
        return { ...GOOD, "disk.vmdk": disk };
      }),
      runs: { verify: 1, "convert --to ova": [3, "package/not-intact"], unpack: [3, "package/not-intact"] },
    },
    {
      tries: "one letter of the descriptor changed",
      code: "manifest/digest-mismatch",
      lay: packed(() => ({
        ...GOOD,
        "box.ovf": utf8(new TextDecoder().decode(GOOD["box.ovf"]).replace("A machine", "B machine")),
      })),
      runs: altered,
    },
  ],
};
