import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../../test/support/disks.js";
import { hasCode } from "../../../../test/support/errors.js";
import type { FerryError } from "../../../base/errors.js";
import { libvirtPlace } from "./place.js";
import { libvirtStep } from "./steps.js";
import { openVirsh } from "./virsh.js";

test("targets become libvirt's addresses", () => {
  const uri = (target: string): string => libvirtPlace(target).uri;
  assert.equal(uri("libvirt:///system"), "qemu:///system");
  assert.equal(uri("libvirt:///session"), "qemu:///session");
  assert.equal(uri("libvirt+ssh://root@host.example:2222/system"), "qemu+ssh://root@host.example:2222/system?no_tty=1");
  assert.equal(uri("libvirt+ssh://[fe80::1]/system"), "qemu+ssh://[fe80::1]/system?no_tty=1");
});

test("nothing in an address becomes an option or a command, and a password is not shown", () => {
  const bad = [
    "",
    "libvirt://",
    "libvirt:///system?socket=/tmp/x",
    "qemu:///system",
    "libvirt+ssh://-oProxyCommand=x/system",
    "libvirt+ssh://host/system?command=x",
    "libvirt+ssh://-u@host/system",
    "libvirt+ssh://host:99999/system",
    "libvirt+ssh://a b/system",
    "libvirt+ssh://host/system\n",
  ];
  for (const target of bad) assert.throws(() => libvirtPlace(target), hasCode("deploy/bad-target"), target);
  assert.throws(
    () => libvirtPlace("libvirt+ssh://root:hunter2@host/system"),
    (error: FerryError) => error.code === "deploy/bad-target" && !error.message.includes("hunter2"),
  );
});

test("a virsh that is not installed is said, and a state cannot make steps of other kinds or of files elsewhere", async () => {
  const virsh = openVirsh({ uri: "qemu:///system", local: true }, "/nowhere/virsh");
  await assert.rejects(virsh.run(["version"], diskContext().signal), hasCode("deploy/no-tool"));
  const uuid = "00000000-0000-8000-a000-000000000000";
  const wrong = [
    { kind: "shell" },
    { kind: "volume", pool: "p", name: "n", file: "../../etc/passwd" },
    { kind: "volume", pool: "p", name: "n", file: ".." },
    { kind: "domain", name: "n", uuid: "--all", file: "x.xml" },
    { kind: "start", uuid, waitSeconds: 0 },
  ];
  for (const action of wrong) {
    const record = { key: "k", text: "t", status: "open" as const, action };
    assert.throws(
      () => libvirtStep(record, virsh, { files: "/x", kept: "/y" }),
      hasCode("deploy/bad-state"),
      JSON.stringify(action),
    );
  }
  const right = { key: "k", text: "t", status: "open" as const, action: { kind: "autostart", uuid } };
  assert.ok(libvirtStep(right, virsh, { files: "/x", kept: "/y" }));
});
