import type { HostileCase, HostileFamily } from "../case.js";
import { changed, DESCRIPTOR, DISK, described, packageWith, packed, utf8 } from "../make.js";
import { ESCAPED } from "./names.js";

/** A package whose descriptor names its disk so; the disk is in the package under its own name. */
const href = (name: string) => packed(() => described(changed('ovf:href="disk.vmdk"', `ovf:href="${name}"`)));

const outside: readonly HostileCase[] = (
  [
    ["a file of the system by its path", "/etc/passwd"],
    ["a file of the system as a URL", "file:///etc/passwd"],
    ["a file of the system as a URL without slashes", "file:/etc/passwd"],
    ["a URL in capitals", "FILE:///etc/passwd"],
    ["an address of the network", "http://127.0.0.1:9/disk.vmdk"],
    ["an address of the network by https", "https://127.0.0.1:9/disk.vmdk"],
    ["the address that clouds give secrets at", "http://169.254.169.254/latest/meta-data/"],
    ["an address of FTP", "ftp://127.0.0.1/disk.vmdk"],
    ["data in a URL", "data:application/octet-stream;base64,AAAA"],
    ["a path that climbs", "../../../etc/passwd"],
    ["a path that climbs after a folder", "disks/../../secret.vmdk"],
    ["a path that climbs in percent escapes", "%2e%2e/%2e%2e/etc/passwd"],
    ["an absolute path in percent escapes", "%2Fetc%2Fpasswd"],
    ["a path that climbs with backslashes", "..\\..\\secret.vmdk"],
    ["a drive of Windows", "C:\\Windows\\win.ini"],
    ["a share of Windows, which would send a password", "\\\\127.0.0.1\\share\\disk.vmdk"],
    ["a share of Windows with slashes", "//127.0.0.1/share/disk.vmdk"],
    ["a device", "/dev/zero"],
    ["a tab and then a scheme", "&#9;file:///etc/passwd"],
    ["a NUL in percent escapes", "disk.vmdk%00.txt"],
    ["a file of the process", "/proc/self/environ"],
    ["a pipe to a command, as Perl opens files", "|id"],
  ] as const
).map(([what, name]) => ({
  tries: `${what} as the file of a disk`,
  code: name === "|id" ? "package/missing-file" : "package/outside-reference",
  lay: href(name),
  runs: { validate: 1, convert: [3, "package/no-member"] },
}));

/** Where descriptors point. */
export const referencesFamily: HostileFamily = {
  title: "References",
  cases: [
    ...outside,
    {
      tries: "a CD image outside of the package",
      code: "package/outside-reference",
      lay: packed(() =>
        packageWith([
          { href: "disk.vmdk", use: "disk", bytes: DISK },
          { href: ESCAPED, use: "cdrom" },
        ]),
      ),
      runs: { validate: 1 },
    },
    {
      tries: "a disk that is not in the package",
      code: "package/missing-file",
      lay: packed(() => packageWith([{ href: "other.vmdk", use: "disk" }])),
      runs: { validate: 1, convert: [3, "package/no-member"] },
    },
    {
      tries: "the descriptor as its own disk",
      code: "ovf/file-is-descriptor",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', 'ovf:href="box.ovf"'))),
      runs: { validate: 0 },
    },
    {
      tries: "the manifest as a disk, whose sum then has to be its own",
      code: "package/reference-to-trust",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', 'ovf:href="box.mf"'))),
      runs: { validate: 0 },
    },
    {
      tries: "a size in the descriptor that is not the file's",
      code: "package/size-differs",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', 'ovf:href="disk.vmdk" ovf:size="99999999999999"'))),
      runs: { inspect: 0, validate: 0 },
    },
    {
      tries: "a size in the descriptor that is no number",
      code: "ovf/file-size-invalid",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', 'ovf:href="disk.vmdk" ovf:size="-1"'))),
      runs: { validate: 1 },
    },
    {
      tries: "two Files with one id, of which importers take either",
      code: "ovf/file-id-repeated",
      lay: packed(() =>
        described(changed("</References>", '<File ovf:id="file0" ovf:href="other.vmdk"/></References>'), {
          "other.vmdk": DISK,
        }),
      ),
      runs: { validate: 1 },
    },
    {
      tries: "a Disk that names a File which is not listed",
      code: "ovf/disk-file-unknown",
      lay: packed(() => described(changed('ovf:fileRef="file0"', 'ovf:fileRef="nothing"'))),
      runs: { validate: 1 },
    },
    {
      tries: "an href of nothing",
      code: "ovf/file-href-missing",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', 'ovf:href=""'))),
      runs: { validate: 1 },
    },
    {
      tries: "an href of 100,000 characters",
      code: "package/outside-reference",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', `ovf:href="${"a".repeat(100_000)}"`))),
      runs: { validate: 1 },
    },
    {
      tries: "an href of six million './', to use up the stack of a pattern",
      code: "package/outside-reference",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', `ovf:href="${"./".repeat(6_000_000)}../x"`))),
      runs: { validate: 1 },
    },
    {
      tries: "a million chunks of a file that has none",
      code: "package/missing-file",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', 'ovf:href="disk2.vmdk" ovf:chunkSize="1"'))),
      runs: { validate: 1 },
    },
    {
      tries: "a chunk size of zero, to divide by",
      code: "ovf/file-chunk-size-invalid",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', 'ovf:href="disk.vmdk" ovf:chunkSize="0"'))),
      runs: { validate: 1 },
    },
    {
      tries: "a chunk that is missing between others",
      code: "package/missing-chunk",
      lay: packed(() => {
        const file = { href: "data.bin", attributes: 'ovf:chunkSize="10"', use: "none" } as const;
        const { "box.ovf": descriptor = utf8("") } = packageWith([
          { href: "disk.vmdk", use: "disk", bytes: DISK },
          file,
        ]);
        const [first, third] = [utf8("0123456789"), utf8("x")];
        const text = new TextDecoder().decode(descriptor);
        return described(text, { "data.bin.000000000": first, "data.bin.000000002": third });
      }),
      runs: { inspect: 1, validate: 1 },
    },
    {
      tries: "a file that says to be packed with gzip and is not",
      code: "io/codec-failed",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', 'ovf:href="disk.vmdk" ovf:compression="gzip"'))),
      runs: { convert: 3 },
    },
    {
      tries: "a compression that nobody knows",
      code: "ovf/file-compression-unknown",
      lay: packed(() => described(changed('ovf:href="disk.vmdk"', 'ovf:href="disk.vmdk" ovf:compression="rot13"'))),
      runs: { validate: 1 },
    },
    {
      tries: "a strings file that is not in the package",
      code: "ovf/strings-file-unknown",
      lay: packed(() =>
        described(changed("</Envelope>", '<Strings xml:lang="de" ovf:fileRef="nothing"/></Envelope>', DESCRIPTOR)),
      ),
      runs: { validate: 0 },
    },
  ],
};
