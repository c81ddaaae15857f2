import type { HostileCase, HostileFamily } from "../case.js";
import { file, GOOD, ova, parts } from "../make.js";
import { paxRecord, type TarPart, tarHeader, tarMember, tarOf } from "../tar.js";

const good = (): TarPart[] => parts(GOOD);
/** The good members, and one more. */
const plus = (...more: readonly (TarPart | Uint8Array)[]) => ova(() => [...good(), ...more]);
/** Bytes of the good archive, cut or changed. */
const bytes = (change: (archive: Buffer) => Uint8Array) => file("box.ova", () => change(Buffer.from(tarOf(...good()))));
const nine = (value: bigint): string => {
  let text = "";
  for (let rest = value, i = 0; i < 11; i++, rest /= 256n) text = String.fromCharCode(Number(rest % 256n)) + text;
  return `\x80${text}`;
};
const refused = { inspect: 1, verify: 1, unpack: 3, convert: 3 } as const;
const secondHeader = 512 * (2 + Math.ceil((GOOD["box.ovf"]?.length ?? 0) / 512) - 1);

const links: readonly HostileCase[] = (
  [
    ["1", "a hard link to a file of the system"],
    ["2", "a symbolic link to a file of the system"],
    ["3", "a character device"],
    ["4", "a block device"],
    ["6", "a named pipe, which would make a reader wait for ever"],
    ["S", "a GNU sparse file, whose body is not what it unpacks to"],
    ["M", "the rest of a file of another volume"],
    ["Z", "a type that nobody knows"],
  ] as const
).map(([type, what]) => ({
  tries: `a member that is ${what}`,
  code: "tar/unsupported-member",
  lay: plus({ name: "extra.bin", type, link: "/etc/passwd" }),
  runs: refused,
}));

/** Archives that are not what a tar is. */
export const tarFamily: HostileFamily = {
  title: "Archives",
  cases: [
    ...links,
    {
      tries: "a symbolic link in place of the disk that the descriptor names",
      code: "tar/unsupported-member",
      lay: ova(() =>
        good().map((part) => (part.name === "disk.vmdk" ? { name: part.name, type: "2", link: "/etc/shadow" } : part)),
      ),
      runs: { unpack: 3, convert: 3, "convert --to ova": 3 },
    },
    {
      tries: "a symbolic link, and a file that would be written through it",
      code: "tar/unsupported-member",
      lay: plus({ name: "up", type: "2", link: "../.." }, { name: "up/evil.txt", bytes: "x" }),
      runs: { ...refused },
    },
    {
      tries: "a hard link with a body, which some readers skip and others do not",
      code: "tar/unsupported-member",
      lay: plus({ name: "link", type: "1", link: "disk.vmdk", bytes: "y".repeat(700) }),
      runs: { unpack: 3, convert: 3 },
    },
    {
      tries: "a sparse file in a pax header, whose body is a map and not the disk",
      code: "tar/unsupported-member",
      lay: plus(
        { name: "pax", type: "x", bytes: paxRecord("GNU.sparse.major", "1") },
        { name: "extra.bin", bytes: "1\n" },
      ),
      runs: refused,
    },
    {
      tries: "a header whose checksum is wrong",
      code: "tar/bad-checksum",
      lay: plus({ name: "extra.bin", checksumOff: 1 }),
      runs: refused,
    },
    {
      tries: "one bit changed in the header of the disk",
      code: "tar/bad-checksum",
      lay: bytes((archive) => {
        archive.writeUInt8(archive.readUInt8(secondHeader + 3) ^ 4, secondHeader + 3);
        return archive;
      }),
      runs: { unpack: 3, convert: 3 },
    },
    {
      tries: "a size that reaches past the end of the archive",
      code: "tar/cut-off",
      lay: plus({ name: "extra.bin", size: 8 ** 11 - 1, bytes: "x" }),
      runs: { inspect: 1, unpack: 3, convert: 3 },
    },
    {
      tries: "a size of 2^62 in base 256, to overflow a position",
      code: "tar/bad-number",
      lay: plus({ name: "extra.bin", rawSize: nine(2n ** 62n) }),
      runs: refused,
    },
    {
      tries: "a size of 2^53 - 1, the largest number, plus what lies before it",
      code: "tar/cut-off",
      lay: plus({ name: "extra.bin", rawSize: nine(2n ** 53n - 1n) }),
      runs: { inspect: 1, unpack: 3, convert: 3 },
    },
    {
      tries: "a negative size in base 256, to read the same header for ever",
      code: "tar/bad-number",
      lay: plus({ name: "extra.bin", rawSize: `${"\xff".repeat(11)}\x00` }),
      runs: refused,
    },
    {
      tries: "a size with letters in it",
      code: "tar/bad-number",
      lay: plus({ name: "extra.bin", rawSize: "0000000x000\0" }),
      runs: refused,
    },
    {
      tries: "a size with digits that are not octal",
      code: "tar/bad-number",
      lay: plus({ name: "extra.bin", rawSize: "00000000089\0" }),
      runs: refused,
    },
    {
      tries: "a size with a minus sign",
      code: "tar/bad-number",
      lay: plus({ name: "extra.bin", rawSize: "-0000000512\0" }),
      runs: refused,
    },
    {
      tries: "an archive cut in the middle of the disk",
      code: "tar/cut-off",
      lay: bytes((archive) => archive.subarray(0, secondHeader + 3000)),
      runs: { unpack: 3, convert: 3, "convert --to ova": 3 },
    },
    {
      tries: "an archive cut in the middle of a header",
      code: "tar/cut-off",
      lay: bytes((archive) => archive.subarray(0, archive.length - 1024 + 100 - 512)),
      runs: { unpack: 3 },
    },
    {
      tries: "an archive that ends behind an extension header",
      code: "tar/cut-off",
      lay: file("box.ova", () =>
        Buffer.concat([...good().map(tarMember), tarMember({ name: "././@LongLink", type: "L", bytes: "a.bin\0" })]),
      ),
      runs: refused,
    },
    {
      tries: "an archive that ends inside of an extension header",
      code: "tar/cut-off",
      lay: file("box.ova", () =>
        Buffer.concat([...good().map(tarMember), tarHeader({ name: "././@LongLink", type: "L", size: 5000 })]),
      ),
      runs: refused,
    },
    {
      tries: "a pax size that reaches past the end, over a size that is right",
      code: "tar/cut-off",
      lay: plus({ name: "pax", type: "x", bytes: paxRecord("size", "99999999999") }, { name: "extra.bin", bytes: "x" }),
      runs: { inspect: 1, unpack: 3, convert: 3 },
    },
    {
      tries: "a pax size that is no number",
      code: "tar/bad-pax",
      lay: plus({ name: "pax", type: "x", bytes: paxRecord("size", "1e99") }, { name: "extra.bin", bytes: "x" }),
      runs: refused,
    },
    {
      tries: "a pax size of 20 digits",
      code: "tar/bad-pax",
      lay: plus(
        { name: "pax", type: "x", bytes: paxRecord("size", "99999999999999999999") },
        { name: "extra.bin", bytes: "x" },
      ),
      runs: refused,
    },
    {
      tries: "a pax record that says to be longer than its header",
      code: "tar/bad-pax",
      lay: plus({ name: "pax", type: "x", bytes: paxRecord("path", "a", 999) }, { name: "extra.bin" }),
      runs: refused,
    },
    {
      tries: "a pax record of length zero, to be read for ever",
      code: "tar/bad-pax",
      lay: plus({ name: "pax", type: "x", bytes: paxRecord("path", "a", 0) }, { name: "extra.bin" }),
      runs: refused,
    },
    {
      tries: "a pax record without a key",
      code: "tar/bad-pax",
      lay: plus({ name: "pax", type: "x", bytes: "9 novalue\n" }, { name: "extra.bin" }),
      runs: refused,
    },
    {
      tries: "a pax header of 2 MiB",
      code: "io/limit",
      lay: plus({ name: "pax", type: "x", bytes: paxRecord("comment", "x".repeat(2 ** 21)) }, { name: "extra.bin" }),
      runs: { inspect: 3, verify: 3, unpack: 3, convert: 3 },
    },
    {
      tries: "a GNU long name of 8 GiB in an archive of a few KiB",
      code: "io/limit",
      lay: plus({ name: "././@LongLink", type: "L", size: 8 ** 11 - 1 }),
      runs: { inspect: 3, unpack: 3, convert: 3 },
    },
    {
      tries: "a thousand extension headers in front of one member",
      code: "io/limit",
      lay: plus(...Array.from({ length: 1000 }, () => ({ name: "pax", type: "x", bytes: paxRecord("comment", "x") })), {
        name: "extra.bin",
      }),
      runs: { inspect: 3, unpack: 3 },
      options: ["--limit", "members=900"],
    },
    {
      tries: "100,001 members of nothing",
      code: "io/limit",
      lay: file("box.ova", () => {
        const many = Buffer.alloc(512 * 100_001);
        for (let i = 0; i < 100_001; i++) many.set(tarHeader({ name: `${i}` }), 512 * i);
        return Buffer.concat([...good().map(tarMember), many]);
      }),
      runs: { inspect: 3, unpack: 3 },
    },
    {
      tries: "something behind the end of the archive, which no manifest covers",
      code: "tar/trailing-data",
      lay: bytes((archive) => Buffer.concat([archive, Buffer.from("and one more thing")])),
      runs: { inspect: 0, validate: 0, verify: 0, unpack: 0, convert: 0 },
    },
    {
      tries: "a second archive behind the end, which other readers may go on to",
      code: "tar/trailing-data",
      lay: bytes((archive) => Buffer.concat([archive, archive])),
      runs: { inspect: 0, unpack: 0, convert: 0 },
    },
    {
      tries: "an archive without an end",
      code: "tar/no-end",
      lay: bytes((archive) => archive.subarray(0, archive.length - 1024)),
      runs: { inspect: 0, unpack: 0 },
    },
    {
      tries: "a tar archive with a disk and no descriptor",
      code: "package/no-descriptor",
      lay: ova(() => good().filter(({ name }) => name === "disk.vmdk")),
      runs: { inspect: [3, "ovf/no-descriptor"], unpack: 3, convert: 3 },
    },
    {
      tries: "an archive of nothing",
      code: "package/unknown-kind",
      lay: file("box.ova", () => new Uint8Array(10_240)),
      runs: { inspect: 2, unpack: 2, verify: 2, convert: 2 },
    },
    {
      tries: "an empty file for a package",
      code: "package/unknown-kind",
      lay: file("box.ova", () => new Uint8Array()),
      runs: { inspect: 2, unpack: 2, verify: 2, validate: 1, fix: 2 },
    },
    {
      tries: "a gzip stream for a package",
      code: "package/unreadable-kind",
      lay: file("box.ova", () => Buffer.from("1f8b0800000000000003ecc1010d000000c2a0f74f6d0e37a0", "hex")),
      runs: { inspect: 3, convert: 3, unpack: 3 },
    },
    {
      tries: "two descriptors, of which other readers may take the second",
      code: "package/many-descriptors",
      lay: plus({ name: "other.ovf", bytes: GOOD["box.ovf"] ?? "" }),
      runs: { inspect: 0, verify: 0, unpack: 0 },
    },
    {
      tries: "an archive that starts with half a megabyte of folders, to hide where it begins",
      code: "package/descriptor-not-first",
      lay: ova(() => [...Array.from({ length: 1000 }, (_, i) => ({ name: `d${i}/`, type: "5" })), ...good().reverse()]),
      runs: { validate: 0 },
    },
    {
      tries: "a name in the pax header and another one in the header behind it",
      code: "package/tar-pax",
      lay: ova(() => [
        { name: "pax", type: "x", bytes: paxRecord("path", "box.ovf") },
        { ...(good()[0] as TarPart), name: "decoy.txt" },
        ...good().slice(1),
      ]),
      runs: { validate: 0 },
    },
  ],
};
