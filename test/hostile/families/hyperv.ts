import { blankDrive, blankHyperv } from "../../../src/platforms/hyperv/testing/document.js";
import { exportedMachine, exportedXml } from "../../../src/platforms/hyperv/testing/xml.js";
import type { HostileCase, HostileFamily } from "../case.js";
import { file } from "../make.js";

const refused = { inspect: 3, convert: 3 } as const;
/** What names a file that is not below the folder is told that it is not there, and nothing is opened. */
const missing = { inspect: 1 } as const;

const sound = JSON.stringify(blankHyperv());
const collected = (make: () => string) => file("box.hyperv.json", make);
const exported = (change: (text: string) => string) =>
  file("box.xml", () =>
    change(new TextDecoder("utf-16le").decode(exportedXml(exportedMachine())).replace("UTF-16", "UTF-8")),
  );

const unreadable: readonly HostileCase[] = (
  [
    ["JSON that is nested a million times", () => sound.replace('"drives":[]', `"drives":${"[".repeat(1_000_000)}`)],
    ["JSON that is cut off in a text", () => sound.slice(0, sound.indexOf('"name"') + 9)],
    ["a document of a version that is yet to come", () => sound.replace("hyperv@1", "hyperv@999")],
    ["a machine of generation 2147483648", () => sound.replace('"generation":2', '"generation":2147483648')],
    ["100,000 drives", () => sound.replace('"drives":[]', `"drives":[${"{},".repeat(99_999)}{}]`)],
    ["a million numbers", () => sound.replace('"notes":null', `"notes":[${"1,".repeat(999_999)}1]`)],
    ["a name that is no text", () => sound.replace('"name":"web"', '"name":{"toString":1}')],
  ] as const
).map(([tries, make]) => ({ tries, code: "config/unreadable", lay: collected(make), runs: refused }));

const drive = (path: string): string => JSON.stringify(blankHyperv({ drives: [blankDrive({ path })] }));

const elsewhere: readonly HostileCase[] = (
  [
    ["a disk that climbs out of the folder", () => drive("..\\..\\..\\..\\etc\\passwd")],
    ["a disk by an absolute path of this host", () => drive("/etc/passwd")],
    ["a disk on a share", () => drive("\\\\server\\share\\disk.vhdx")],
    ["a disk that is a device", () => drive("\\\\.\\PHYSICALDRIVE0")],
    ["a disk whose name has a NUL", () => drive("a\0b.vhdx")],
  ] as const
).map(([tries, make]) => ({
  tries,
  code: "package/missing-file",
  lay: collected(make),
  runs: missing,
  also: ["package/no-member"],
}));

const xml: readonly HostileCase[] = [
  {
    tries: "an exported machine with an entity that reads a file",
    code: "xml/doctype",
    lay: exported((text) =>
      text.replace("<configuration>", '<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><configuration>'),
    ),
    runs: refused,
  },
  {
    tries: "an exported machine with 2,000 devices",
    code: "config/unreadable",
    lay: exported((text) =>
      text.replace("<manifest>", `<manifest>${Array.from({ length: 2000 }, (_, i) => `<vdev9${i}/>`).join("")}`),
    ),
    runs: refused,
  },
];

const store: HostileCase = {
  tries: "a binary configuration that is called as if it were collected",
  code: "package/unreadable-kind",
  lay: file("box.hyperv.json", () => Uint8Array.of(0x14, 0x20, 0x28, 0x01, 0xff, 0xff, 0xff, 0xff)),
  runs: refused,
};

/** Machines of Hyper-V. */
export const hypervFamily: HostileFamily = {
  title: "Machines of Hyper-V",
  cases: [...unreadable, ...elsewhere, ...xml, store],
};
