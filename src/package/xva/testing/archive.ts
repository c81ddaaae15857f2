import { concatBytes } from "../../../base/bytes.js";
import { serializeTarHeader } from "../../tar/header.js";

/** A member: its name and its bytes. */
export type XvaMember = readonly [name: string, bytes: Uint8Array];

/**
 * An archive of members by the layout that xapi's `ocaml/xapi/stream_vdi.ml` writes and reads. Only XenServer itself can make one, so
 * tests craft them.
 */
export function xvaBytes(members: readonly XvaMember[]): Uint8Array {
  const parts = members.flatMap(([name, bytes]) => [
    serializeTarHeader({ name, size: bytes.length, mtime: 0 }),
    bytes,
    new Uint8Array((512 - (bytes.length % 512)) % 512),
  ]);
  return concatBytes([...parts, new Uint8Array(1024)]);
}

/** An `ova.xml` with a VDI record for each disk, as `ocaml/xapi/importexport.ml` marshals it, cut down to what is read. */
export function ovaXml(sizes: Readonly<Record<string, number | string>>): XvaMember {
  const member = (name: string, value: string): string =>
    `<member><name>${name}</name><value>${value}</value></member>`;
  const record = (kind: string, id: string, fields: string): string =>
    `<value><struct>${member("class", kind)}${member("id", id)}${member("snapshot", `<struct>${fields}</struct>`)}</struct></value>`;
  const records = Object.entries(sizes).map(([id, size]) =>
    record("VDI", id, member("name_label", "a disk") + member("virtual_size", String(size))),
  );
  const objects = [record("VM", "Ref:0", member("name_label", "vm")), ...records].join("");
  const text = `<?xml version="1.0"?>\n<value><struct>${member("version", `<struct>${member("export_vsn", "2")}</struct>`)}${member("objects", `<array><data>${objects}</data></array>`)}</struct></value>`;
  return ["ova.xml", new TextEncoder().encode(text)];
}
