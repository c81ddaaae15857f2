import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../../test/support/disks.js";
import { hasCode } from "../../../../test/support/errors.js";
import { parsePowerShell } from "../../../../test/support/powershell/parse.js";
import type { FerryError } from "../../../base/errors.js";
import { type HypervHost, inPieces, openHyperv } from "./host.js";
import { hypervFolder, hypervPlace } from "./place.js";
import { seenHost } from "./site.js";
import {
  addressStatements,
  filesStatements,
  folderStatements,
  lookStatements,
  makeStatements,
  powerStatements,
  removeFolderStatements,
  removeStatements,
  shutDownStatements,
  stateStatements,
  tidyStatements,
} from "./statements.js";
import { hypervStep } from "./steps.js";

const access = { user: null, password: null, thumbprint: null, authorities: null };
const uuid = "00000000-0000-8000-a000-000000000000";

test("targets are this machine, or one behind ssh", () => {
  const place = (target: string): unknown => hypervPlace({ ...access, target });
  assert.deepEqual(place("hyperv:"), { kind: "local" });
  assert.deepEqual(place("hyperv+ssh://admin@host.example:2222"), {
    ...{ kind: "ssh", user: "admin", host: "host.example", port: 2222 },
  });
  assert.deepEqual(place("hyperv+ssh://DOMAIN\\ann@[fe80::1]/"), {
    ...{ kind: "ssh", user: "DOMAIN\\ann", host: "fe80::1", port: null },
  });
});

test("nothing in an address becomes an option or a command, and a password is not shown", () => {
  const bad = [
    "hyperv",
    "hyperv:x",
    "hyperv+ssh://",
    "hyperv+ssh://-oProxyCommand=x",
    "hyperv+ssh://-u@host",
    "hyperv+ssh://host/x",
    "hyperv+ssh://host:0",
    "hyperv+ssh://a b",
    "hyperv+ssh://host\n",
    "hyperv+ssh://host;x",
  ];
  for (const target of bad)
    assert.throws(() => hypervPlace({ ...access, target }), hasCode("deploy/bad-target"), target);
  assert.throws(
    () => hypervPlace({ ...access, target: "hyperv+ssh://ann:hunter2@host" }),
    (error: FerryError) => error.code === "deploy/bad-target" && !error.message.includes("hunter2"),
  );
  assert.throws(() => hypervPlace({ ...access, target: "hyperv:", user: "ann" }), hasCode("deploy/bad-target"));
});

test("folders are absolute, without wildcards and ways up", () => {
  assert.equal(hypervFolder("D:/Machines/new ones/"), "D:\\Machines\\new ones");
  assert.equal(hypervFolder("\\\\files\\share$\\vms"), "\\\\files\\share$\\vms");
  for (const bad of [
    "",
    "Machines",
    "D:\\..\\Windows",
    "D:\\a*",
    "D:\\[a]",
    "D:\\a\nb",
    'D:\\"',
    `D:\\${"x".repeat(200)}`,
  ]) {
    assert.throws(() => hypervFolder(bad), hasCode("deploy/bad-place"), bad);
  }
});

test("a state cannot make steps of other kinds, of files elsewhere, or of folders that are not a deployment's", () => {
  const host: HypervHost = { run: async () => null, put: async () => {} };
  const folder = "D:\\Machines\\vmferry-0123abcd-pair";
  const copy = { kind: "copy", folder, files: "a.ps1|a disk.vhdx" };
  const machine = { kind: "machine", folder, file: "a.ps1", name: "it's", uuid, delay: null };
  for (const action of [copy, machine, { ...machine, delay: 5 }]) {
    assert.ok(hypervStep({ key: "k", text: "t", status: "open", action }, host, "/x"));
  }
  const wrong = [
    { ...copy, kind: "shell" },
    { ...copy, folder: "C:\\Windows" },
    { ...copy, folder: "D:\\vmferry-0123abcd-a\\..\\b" },
    { ...copy, files: "a.ps1|..\\b" },
    { ...copy, files: "a.ps1||b" },
    { ...copy, files: "../b" },
    { ...machine, file: "a.vhdx" },
    { ...machine, uuid: "*" },
    { ...machine, delay: -1 },
    { ...machine, delay: "1; Remove-VM" },
  ];
  for (const action of wrong) {
    const record = { key: "k", text: "t", status: "open" as const, action };
    assert.throws(() => hypervStep(record, host, "/x"), hasCode("deploy/bad-state"), JSON.stringify(action));
  }
});

test("what is asked of a host is PowerShell, in which names are nothing but names", () => {
  const strange = "it's \u2019quoted\u2019 $(Remove-VM) `n";
  const treeOf = (name: string): readonly string[] => {
    const machine = { name, uuid, folder: `D:\\${name}` };
    const all = [
      lookStatements(null),
      lookStatements(machine.folder),
      stateStatements(uuid),
      makeStatements(machine, `${name}.ps1`, 5),
      removeStatements(machine),
      powerStatements(uuid, name, "start"),
      powerStatements(uuid, name, "off"),
      shutDownStatements(uuid, name),
      addressStatements(uuid),
      filesStatements(machine.folder, [`${name}.vhdx`, name]),
      folderStatements(machine.folder),
      tidyStatements(machine.folder),
      removeFolderStatements(machine.folder),
    ];
    return all.map((statements) => JSON.stringify(parsePowerShell(statements.join("\n"))));
  };
  // The same tree, with other literals.
  const plain = treeOf("plain");
  assert.deepEqual(
    treeOf(strange).map((text) => text.replaceAll(JSON.stringify(strange).slice(1, -1), "plain")),
    plain,
  );
});

test("programs that are missing, silent, or say something else are said", async () => {
  const { signal } = diskContext();
  const remote = { kind: "ssh", user: null, host: "host", port: null } as const;
  const nowhere = { powershell: "/nowhere/powershell.exe", ssh: "/nowhere/ssh", sftp: "/nowhere/sftp" };
  await assert.rejects(openHyperv(remote, nowhere).run([], "look", signal), hasCode("deploy/no-tool"));
  await assert.rejects(openHyperv({ kind: "local" }, nowhere).run([], "look", signal), hasCode("deploy/no-tool"));
  const other = { ...nowhere, ssh: "/bin/echo" };
  await assert.rejects(openHyperv(remote, other).run([], "look", signal), hasCode("deploy/bad-answer"));
  const failing = { ...nowhere, ssh: "/bin/false" };
  await assert.rejects(openHyperv(remote, failing).run([], "look", signal), hasCode("deploy/unreachable"));
  assert.throws(() => seenHost({ root: 7 }), hasCode("deploy/bad-answer"));
  assert.deepEqual(seenHost({ root: "D:\\", there: true, free: -1, names: "one", switches: null }), {
    ...{ root: "D:", there: true, free: null, names: ["one"], switches: [] },
  });
});

test("lists go in pieces that fit into a command line, and nothing is left out", () => {
  const names = Array.from({ length: 100 }, (_, at) => `file-${at}`);
  const pieces = inPieces(names, (name) => name.length);
  assert.deepEqual(pieces.flat(), names);
  assert.ok(pieces.length > 5 && pieces.every((piece) => piece.length > 0));
  assert.deepEqual(inPieces(["x".repeat(9000)], (name) => name.length).length, 1);
});
