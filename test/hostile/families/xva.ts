import { ovaXml, type XvaMember, xvaBytes } from "../../../src/package/xva/testing/archive.js";
import { vbd, vdi, vm, xvaOf } from "../../support/xva.js";
import type { HostileCase, HostileFamily } from "../case.js";
import { file, utf8 } from "../make.js";
import { tarOf } from "../tar.js";

const MIB = 2 ** 20;
const refused = { "disk info": 3, "disk convert": 3 } as const;
const chunk = new Uint8Array(MIB).fill(7);
/** An XVA with one disk of these members. */
const xva = (...members: readonly XvaMember[]) =>
  file("box.xva", () => xvaBytes([ovaXml({ "Ref:4": 4 * MIB }), ...members]));
const withXml = (text: string) =>
  file("box.xva", () =>
    xvaBytes([
      ["ova.xml", utf8(text)],
      ["Ref:4/00000000", chunk],
    ]),
  );

const rows: readonly (readonly [
  what: string,
  lay: HostileCase["lay"],
  code: HostileCase["code"],
  runs: HostileCase["runs"],
])[] = [
  ["chunks that go backwards", xva(["Ref:4/00000002", chunk], ["Ref:4/00000001", chunk]), "xva/bad-chunk", refused],
  ["a chunk twice", xva(["Ref:4/00000001", chunk], ["Ref:4/00000001", chunk]), "xva/bad-chunk", refused],
  ["a chunk number of 2^60", xva(["Ref:4/1152921504606846976", chunk]), "xva/which-disk", refused],
  [
    "a chunk behind the disk's end",
    xva(["Ref:4/00000000", chunk], ["Ref:4/00000999", chunk]),
    "xva/size-differs",
    { "disk info": 1, "disk convert": 1 },
  ],
  [
    "a chunk of an odd size in the middle",
    xva(["Ref:4/00000000", new Uint8Array(1000)], ["Ref:4/00000001", chunk]),
    "xva/size-differs",
    { "disk info": 1, "disk convert": 1 },
  ],
  [
    "a sum that is another chunk's",
    xva(["Ref:4/00000000", chunk], ["Ref:4/00000000.checksum", utf8("0".repeat(40))], ["Ref:4/00000003", chunk]),
    "xva/bad-sum",
    { "disk check": 1 },
  ],
  ["a chunk whose name climbs", xva(["Ref:4/../../evil", chunk]), "xva/which-disk", refused],
  [
    "a description with a document type",
    withXml('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><value>&a;</value>'),
    "xml/doctype",
    refused,
  ],
  ["a description that is cut off", withXml("<value><struct>"), "xml/not-well-formed", refused],
  [
    "a size of 2^60 bytes",
    file("box.xva", () => xvaBytes([ovaXml({ "Ref:4": "1152921504606846976" }), ["Ref:4/00000000", chunk]])),
    "xva/no-size",
    { "disk info": 0 },
  ],
  [
    "a size in words",
    file("box.xva", () => xvaBytes([ovaXml({ "Ref:4": "huge" }), ["Ref:4/00000000", chunk]])),
    "xva/no-size",
    { "disk info": 0 },
  ],
  [
    "a symbolic link for a chunk",
    file("box.xva", () => {
      const [name, bytes] = ovaXml({ "Ref:4": 4 * MIB });
      return tarOf({ name, bytes }, { name: "Ref:4/00000000", type: "2", link: "/etc/passwd" });
    }),
    "xva/size-differs",
    { "disk info": 1, "disk convert": 1 },
  ],
  [
    "a body cut off in a chunk",
    file("box.xva", () => xvaBytes([ovaXml({ "Ref:4": 4 * MIB }), ["Ref:4/00000000", chunk]]).subarray(0, 500_000)),
    "xva/bad-chunk",
    refused,
  ],
  [
    "a description without machines",
    withXml(
      "<value><struct><member><name>objects</name><value><array><data/></array></value></member></struct></value>",
    ),
    "xenserver/no-machine",
    { inspect: 1, convert: 1 },
  ],
  [
    "a description in the oldest form, which has no records",
    withXml('<appliance version="0.1"><vm name="x"/></appliance>'),
    "config/unreadable",
    { inspect: 3, convert: 3 },
  ],
  [
    "a machine whose disk the archive does not hold",
    file("box.xva", () => xvaOf([vm("Ref:0", {}), vbd("Ref:1", "Ref:0", "Ref:2", 0), vdi("Ref:2", "Ref:3", MIB)], {})),
    "package/no-member",
    { convert: 3 },
  ],
  [
    "records that refer to themselves and each other in circles",
    file("box.xva", () =>
      xvaOf(
        [
          vm("Ref:0", { snapshot_of: "Ref:0", parent: "Ref:0", VBDs: ["Ref:0"] }),
          vbd("Ref:1", "Ref:0", "Ref:1", 0),
          vbd("Ref:2", "Ref:0", "Ref:0", 1),
        ],
        {},
      ),
    ),
    "xenserver/drive-left-out",
    { inspect: 0 },
  ],
  [
    "a hundred thousand members in one struct",
    withXml(`<value><struct>${"<member><name>objects</name><value/></member>".repeat(100_000)}</struct></value>`),
    "config/unreadable",
    { inspect: 3 },
  ],
];

/** Exports of XenServer. */
export const xvaFamily: HostileFamily = {
  title: "XVA",
  cases: rows.map(([what, lay, code, runs]) => ({ tries: `an XVA with ${what}`, code, lay, runs })),
};
