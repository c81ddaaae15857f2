import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostileCase, HostileFamily } from "../case.js";
import { DISK, GOOD, ova, parts } from "../make.js";
import { paxRecord, type TarPart } from "../tar.js";

/** What absolute names point to: it must never be there. */
export const ESCAPED: string = join(tmpdir(), "vmferry-hostile-escaped");

/** The good members, and one more. */
const plus = (...more: readonly TarPart[]) => ova(() => [...parts(GOOD), ...more]);
const refused = { inspect: 1, verify: 1, unpack: 3, convert: 3 } as const;

/** A member with a name of any length. */
function named(name: string): TarPart[] {
  const member = { name: name.slice(0, 100), bytes: "x" };
  return name.length <= 100 ? [member] : [{ name: "././@LongLink", type: "L", bytes: `${name}\0` }, member];
}

const long = (length: number): TarPart[] => named("x".repeat(length));

const unsafe: readonly HostileCase[] = (
  [
    ["an absolute name", ESCAPED],
    ["an absolute name behind two slashes", `/${ESCAPED}`],
    ["'..' in front of the name", "../evil.txt"],
    ["'..' three folders deep", "a/b/../../../evil.txt"],
    ["'..' behind './', which is taken off", "./../evil.txt"],
    ["'..' alone", ".."],
    ["'..' at its end", "a/.."],
    ["a name that is a dot", "."],
    ["backslashes that climb on Windows", "..\\..\\evil.txt"],
    ["one backslash", "folder\\evil.txt"],
    ["a drive letter", "C:/Windows/evil.txt"],
    ["a drive letter without a slash", "c:evil.txt"],
    ["a share of Windows", "\\\\server\\share\\evil.txt"],
    ["an escape sequence that clears the screen", "\x1b[2J\x1b[1;1Hfine.txt"],
    ["a line feed, to fake a line of output", "a.txt\nok   everything is intact"],
    ["a carriage return, to overwrite what was shown", "evil.txt\rgood.txt"],
    ["a delete character", "evil\x7f.txt"],
    ["an empty part", "a//evil.txt"],
    ["a part that is a dot", "a/./evil.txt"],
    ["only blanks behind a slash", "/ "],
    ["2,000 folders above it", `${"a/".repeat(2000)}b`],
  ] as const
).map(([what, name]) => ({
  tries: `a member with ${what}`,
  code: "package/unsafe-name",
  lay: plus(...named(name)),
  runs: refused,
}));

const twice = (what: string, ...names: readonly string[]): HostileCase => ({
  tries: `two members with ${what}`,
  code: "package/duplicate-name",
  lay: plus(...names.map((name) => ({ name, bytes: name }))),
  runs: refused,
});

/** Names of members. */
export const namesFamily: HostileFamily = {
  title: "Names in archives",
  cases: [
    ...unsafe,
    {
      tries: "a name that climbs through the prefix of its header",
      code: "package/unsafe-name",
      lay: plus({ name: "evil.txt", prefix: "../../.." }),
      runs: refused,
    },
    {
      tries: "an absolute name in a pax header, over an honest one",
      code: "package/unsafe-name",
      lay: plus({ name: "pax", type: "x", bytes: paxRecord("path", ESCAPED) }, { name: "honest.txt", bytes: "x" }),
      runs: refused,
    },
    {
      tries: "an absolute name in a global pax header, for all members",
      code: "package/unsafe-name",
      lay: ova(() => [
        { name: "pax", type: "g", bytes: paxRecord("path", ESCAPED) },
        { name: "a.txt", bytes: "x" },
      ]),
      runs: { unpack: 3, convert: 3 },
    },
    {
      tries: "a name that climbs in a GNU long name",
      code: "package/unsafe-name",
      lay: plus({ name: "././@LongLink", type: "L", bytes: "../../evil.txt\0" }, { name: "honest.txt", bytes: "x" }),
      runs: refused,
    },
    {
      tries: "a NUL in a pax name, behind which C programs see nothing",
      code: "package/unsafe-name",
      lay: plus(
        { name: "pax", type: "x", bytes: paxRecord("path", "box.ovf\0.txt") },
        { name: "honest.txt", bytes: "x" },
      ),
      runs: refused,
    },
    {
      tries: "a member without a name",
      code: "package/unsafe-name",
      lay: plus({ name: "", bytes: "x" }),
      runs: refused,
    },
    {
      tries: "a name of 5,000 characters",
      code: "package/unsafe-name",
      lay: plus(...long(5000)),
      runs: refused,
    },
    {
      tries: "a name of 300 characters, more than a file system takes",
      code: "package/unsafe-name",
      lay: plus(...long(300)),
      runs: refused,
    },
    twice("the same name", "extra.txt", "extra.txt"),
    twice("names that differ in case, which are one on Windows and macOS", "Extra.txt", "eXTRA.TXT"),
    twice("names that differ in './'", "extra.txt", "./extra.txt"),
    twice("names that differ in how an accent is put together", "caf\xc3\xa9.txt", "cafe\xcc\x81.txt"),
    {
      tries: "a second descriptor of the same name, behind the one that is checked",
      code: "package/duplicate-name",
      lay: plus({ name: "box.ovf", bytes: "<Envelope/>" }),
      runs: refused,
    },
    {
      tries: "a second disk of the same name, behind the one that is in the manifest",
      code: "package/duplicate-name",
      lay: plus({ name: "disk.vmdk", bytes: DISK.slice(0, 512) }),
      runs: refused,
    },
    {
      tries: "a file in the place of another one's folder",
      code: "package/duplicate-name",
      lay: plus({ name: "a", bytes: "x" }, { name: "a/b", bytes: "x" }),
      runs: refused,
    },
    {
      tries: "a folder in the place of a file, in another case",
      code: "package/duplicate-name",
      lay: plus({ name: "a/b/c", bytes: "x" }, { name: "A/b", bytes: "x" }),
      runs: refused,
    },
    {
      tries: "a name in letters that are not UTF-8",
      code: "tar/name-encoding",
      lay: plus({ name: "caf\xe9.txt", bytes: "x" }),
      runs: { inspect: 0, unpack: 0, verify: 0 },
    },
    {
      tries: "a name with a mark that turns the direction of what is shown",
      code: "package/unsafe-name",
      lay: plus({ name: "invoice\xe2\x80\xaegpj.exe", bytes: "x" }),
      runs: refused,
    },
    {
      tries: "a name with a control character of the second set, which some terminals obey",
      code: "package/unsafe-name",
      lay: plus({ name: "a\xc2\x9b2Jb.txt", bytes: "x" }),
      runs: refused,
    },
  ],
};
