import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compareSample,
  convertSample,
  diskSample,
  hashSample,
  inspectSample,
  planSample,
  verifySample,
} from "../../test/support/results.js";
import { coloured, plain } from "./palette.js";
import * as t from "./text.js";

/** Compares with a text that starts on a line of its own. */
function shows(actual: string, expected: string): void {
  assert.equal(actual, expected.slice(1));
}

test("shows what is in a package, with hostile names made visible", () => {
  shows(
    t.renderInspect(inspectSample, plain),
    `
web.ova
  package      OVA, 1.16 MiB, 2 members (ustar tar)
  descriptor   web.ovf, OVF 2.0, by VirtualBox
  manifest     web.mf, SHA-256 of 2 files
  certificate  web.cert, CN=Example, issued by CN=Example, until 2027-01-01T00:00:00Z
    web.ovf           20.2 KiB  descriptor
    web-disk001.vmdk  68.5 KiB  disk

machine web
  note         Serves\\u001b[31m pages and more
  guest        Debian_64, CIM 96
  processors   2
  memory       512 MiB
  firmware     EFI, by a vendor's extension
  hardware     virtualbox-2.2
  environment  iso
    disk    sata 0:1  AHCI  vmdisk1
    cdrom                   (empty)
    nic  NAT  E1000  08:00:27:a1:b2:c3

disks
  vmdisk1  web-disk001.vmdk  vmdk streamOptimized  8 MiB

networks
  NAT

products
  Web 1 by Example Org (machine web)
    hostname  string  "web01"     Host name
    secret    string  (password)

licences
  machine web: First terms (11 characters)

deployment options
  small  Small  default

start order
  1  web  after 30 s

findings
  warning[ovf/example]: the disk is smaller than declared (web.ovf:12:5)
    hint: Check the descriptor.
`,
  );
});

test("shows which files of a package are intact", () => {
  shows(
    t.renderVerify("web.ova", verifySample, plain),
    `
web.ova
  ok       SHA-256  web.ovf
  altered  SHA-1    web-disk001.vmdk
    expected  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    actual    cccccccccccccccccccccccccccccccccccccccc
  missing  SHA-1    gone.iso
altered, unsigned: 3 files checked, 2 wrong
`,
  );
});

test("shows the facts of a disk", () => {
  shows(
    t.renderDisk("web.vhdx", diskSample, plain),
    `
web.vhdx
  format             vhdx dynamic
  capacity           8 GiB (8589934592 bytes)
  allocated          2 GiB (25 %)
  file               2.00 GiB (2151677952 bytes)
  block              32 MiB
  identity           6f1c0d9e-0000-4000-8000-000000000001
  logicalSectorSize  512
`,
  );
});

test("shows a plan with its losses and files", () => {
  shows(
    t.renderPlan(planSample, plain),
    `
plan
  transcode  web-disk001.vmdk  vmdk streamOptimized to vhdx dynamic
  generate   web.ps1           creates the machine
  drop       floppy            generation 2 has none

what changes on the way
  info[platform/example]: the floppy drive is dropped

files
  web.vhdx  12 MiB
  web.ps1   2 KiB
  web.vmdk  size unknown until written

3 files, at least 12.0 MiB
`,
  );
});

test("shows what a conversion did", () => {
  shows(
    t.renderConvert("out/", convertSample, plain),
    `
out/
  web.vhdx  12 MiB
  web.ps1   2 KiB
  info[platform/example]: the floppy drive is dropped
done, source intact, 1 disk proven equal, codec libdeflate, 2 threads
`,
  );
});

test("shows where two disks differ", () => {
  shows(
    t.renderCompare(compareSample, plain),
    `
  a.vmdk      vmdk streamOptimized  8 MiB (8388608 bytes)
  longer.raw  raw raw               8 MiB (8388608 bytes)
different: the first difference is at byte 1025 (sector 2)
`,
  );
});

test("a hash is a line that sha256sum understands", () => {
  assert.equal(t.renderHash(hashSample), `${"ee".repeat(32)}  a.vmdk\n`);
});

test("colours change no column", () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
  const stripped = t.renderVerify("web.ova", verifySample, coloured).replace(/\u001b\[\d+m/g, "");
  assert.equal(stripped, t.renderVerify("web.ova", verifySample, plain));
});

test("no text that came from input can move the cursor", () => {
  const hostile = JSON.parse(JSON.stringify(inspectSample).replaceAll('"web', '"\\u001b[2J\\r\\u202eweb'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
  assert.doesNotMatch(t.renderInspect(hostile, plain), /[\u001b\r\u202e]/);
});
