import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fc } from "../../test/support/fast-check.js";
import { detectPackage } from "./detect.js";
import { serializeTarHeader } from "./tar/header.js";

function detect(head: Uint8Array | string, name = "file") {
  const bytes = typeof head === "string" ? new TextEncoder().encode(head) : head;
  return detectPackage({ name, size: bytes.length, head: bytes.subarray(0, 65536), tail: bytes.subarray(-4096) });
}

function tar(first: string): Uint8Array {
  return serializeTarHeader({ name: first, size: 0, mtime: 0 });
}

test("tells archives by their first header, whatever the file is called", () => {
  assert.deepEqual([detect(tar("a.ovf"))?.kind, detect(tar("a.ovf"))?.readable], ["ova", true]);
  assert.deepEqual([detect(tar("ova.xml"))?.kind, detect(tar("ova.xml"))?.readable], ["xva", false]);
  assert.deepEqual([detect("VMA\0\0\0\0\x01")?.kind, detect("VMA\0\0\0\0\x01")?.archive], ["vma", true]);
  const lzop = Uint8Array.of(0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a, 0);
  assert.deepEqual([detect(lzop, "a.vma.lzo")?.kind, detect(lzop, "a.vma.lzo")?.readable], ["vma", false]);
});

test("names a compressed OVA, and leaves other gzip files to others", () => {
  const gzip = Uint8Array.of(0x1f, 0x8b, 8, 0);
  for (const name of ["a.ova", "a.ova.gz", "a.tgz", "A.TAR.GZ"]) {
    assert.deepEqual([detect(gzip, name)?.kind, detect(gzip, name)?.readable], ["ova", false], name);
  }
  assert.equal(detect(gzip, "disk.vmdk.gz"), null);
});

test("tells XML documents by their root, behind marks, declarations and comments", () => {
  for (const text of [
    "<Envelope/>",
    "\ufeff<?xml version='1.0'?>\n<!-- <domain> -->\n<ovf:Envelope xmlns:ovf='x'>",
    "<!DOCTYPE Envelope>\n<Envelope>",
  ]) {
    assert.equal(detect(text)?.kind, "directory", text);
  }
  const utf16 = new Uint8Array(Buffer.from("\ufeff<Envelope>", "utf16le"));
  assert.equal(detect(utf16)?.kind, "directory");
  assert.equal(detect("<domain type='kvm'>")?.kind, "libvirt");
  for (const text of ["<html>", "<EnvelopeX>", "x <Envelope>", "<Envelope", "<toString>", "<!-- <Envelope>", ""]) {
    assert.equal(detect(text), null, text);
  }
});

test("tells a VMX by its settings, and not a VMDK descriptor", () => {
  assert.equal(detect('.encoding = "UTF-8"\r\nconfig.version = "8"\r\n')?.kind, "vmx");
  assert.equal(detect('# Disk DescriptorFile\nversion=1\nddb.virtualHWVersion = "4"\n'), null);
});

test("tells a collected machine of Hyper-V by its schema, and its binary configuration by how it begins", () => {
  const json = '{ "schema":  "vmferry/hyperv@1" }';
  assert.deepEqual([detect(json)?.kind, detect(json)?.config], ["hyperv", true]);
  assert.equal(detect(new Uint8Array(Buffer.from(`\ufeff${json}`, "utf16le")))?.kind, "hyperv");
  assert.equal(detect('{ "schema": "other" }'), null);
  const store = Uint8Array.of(0x14, 0x20, 0x28, 0x01, 0, 0, 0, 0);
  for (const [bytes, name] of [
    [store, "file"],
    [new Uint8Array(64), "x.vmcx"],
  ] as const) {
    const found = detect(bytes, name);
    assert.deepEqual([found?.kind, found?.readable, found?.config], ["hyperv", false, undefined]);
    assert.match(found?.hint ?? "", /vmferry collect hyperv/);
  }
  assert.equal(detect("text that is called so", "x.vmcx"), null);
});

test("any bytes give an answer", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => void detect(bytes)));
});

const corpus = "../shared/corpus";
test("tells every descriptor and configuration of the corpus", {
  skip: existsSync(corpus) ? false : "../shared is absent",
}, () => {
  // An envelope inside of another document, and a bundle of messages.
  const others = ["claudia__resources-ovf.ovf", "contrail__de-de-bundle.xml"];
  for (const [folder, kind] of [
    ["ovf", "directory"],
    ["vmx", "vmx"],
    ["vbox", "vbox"],
    ["libvirt", "libvirt"],
    ["proxmox", "proxmox"],
  ] as const) {
    const wrong = readdirSync(`${corpus}/${folder}`).filter((file) => {
      return detect(new Uint8Array(readFileSync(`${corpus}/${folder}/${file}`)), file)?.kind !== kind;
    });
    assert.deepEqual(wrong, folder === "ovf" ? others : [], folder);
  }
});
