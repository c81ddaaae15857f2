import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../../../test/support/errors.js";
import type { FerryError } from "../../../base/errors.js";
import type { Access } from "../../driver.js";
import { actionOf } from "./actions.js";
import { refusal } from "./failures.js";
import { hostNamed, xenPlace } from "./place.js";
import { isRef, mapOf, numberOf, recordsOf } from "./values.js";

const access = (target: string, more: Partial<Access> = {}): Access => ({
  ...{ target, user: null, password: "env:X", thumbprint: null, authorities: null },
  ...more,
});

test("targets become servers, ports and users", () => {
  const place = (target: string, more: Partial<Access> = {}): string => {
    const { host, port, user } = xenPlace(access(target, more));
    return `${user} ${host} ${port}`;
  };
  assert.equal(place("xenserver://10.0.0.5"), "root 10.0.0.5 443");
  assert.equal(place("xenserver://admin@pool.example:8443/"), "admin pool.example 8443");
  assert.equal(place("xenserver://admin@[fe80::1]:444", { user: "LAB\\jo" }), "LAB\\jo fe80::1 444");
});

test("an address that is none is refused, a password is not shown, and one has to be named", () => {
  const bad = [
    "xenserver:",
    "xenserver://",
    "xenserver://a b",
    "xenserver://-x",
    "xenserver://host:0",
    "xenserver://h:99999",
  ];
  bad.push(
    "xenserver://host/path",
    "xenserver://host?x=1",
    "xenserver://[abc]",
    "xenserver://host\r\nx",
    "xenserver://a@b@c",
  );
  for (const target of bad) assert.throws(() => xenPlace(access(target)), hasCode("deploy/bad-target"), target);
  assert.throws(
    () => xenPlace(access("xenserver://root:hunter2@host")),
    (error: FerryError) => error.code === "deploy/bad-target" && !error.message.includes("hunter2"),
  );
  assert.throws(() => xenPlace(access("xenserver://host", { password: null })), hasCode("deploy/bad-target"));
  assert.deepEqual(["10.0.0.1", "[fe80::1]", "xs2.example", "-x", "a/b", "a\r\nb", ""].map(hostNamed), [
    "10.0.0.1",
    "fe80::1",
    "xs2.example",
    null,
    null,
    null,
    null,
  ]);
});

test("a state cannot make steps of other kinds, of files elsewhere, or of ids that are none", () => {
  const uuid = "0f55e6fc-9a5a-8497-a091-e3d2af5388e1";
  const right = [
    { kind: "network", name: "lan", mark: uuid },
    { kind: "import", file: "a.xva", storage: uuid, uuids: `${uuid} ${uuid}`, mark: uuid },
    { kind: "environment", machine: "web", name: "x", uuid, storage: uuid, mark: uuid },
    { kind: "group", name: "pair", uuids: uuid, mark: uuid },
    { kind: "home", uuid, host: uuid },
    { kind: "autostart", uuid },
  ];
  const record = (action: Readonly<Record<string, string | number | null>>) => ({
    ...{ key: "k", text: "t", status: "open" as const, action },
  });
  for (const action of right) {
    assert.deepEqual(actionOf(record(action)), action);
    for (const name of Object.keys(action)) {
      const { [name]: _gone, ...rest } = action as Record<string, string>;
      assert.throws(() => actionOf(record(rest)), hasCode("deploy/bad-state"), `${action.kind} without ${name}`);
    }
  }
  for (const file of ["../x", "..", "/etc/passwd", "a/b"]) {
    assert.throws(() => actionOf(record({ ...right[1], file })), hasCode("deploy/bad-state"), file);
  }
  assert.throws(() => actionOf(record({ ...right[1], uuids: `${uuid}  ` })), hasCode("deploy/bad-state"));
});

test("values of servers are read with care, and references are in no message", () => {
  assert.deepEqual(["12", 12, "-1", "9007199254740993", "1e3", "", null, 1.5, {}].map(numberOf), [
    12,
    12,
    -1,
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
  assert.deepEqual(["OpaqueRef:1-a", "OpaqueRef:NULL", "x; task_id=1", "a\r\nb", "", 1].map(isRef), [
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  assert.deepEqual([...mapOf({ map: { a: "1", b: 2 } }, "map")], [["a", "1"]]);
  assert.equal(recordsOf(["x"]).size, 0);
  const { message } = refusal("VM.start", {
    code: "VM_BAD_POWER_STATE",
    params: ["OpaqueRef:12-ab", "Halted", "\u001b[2J"],
  });
  assert.equal(message, "XenServer, VM.start: VM_BAD_POWER_STATE: Halted: \\u001b[2J");
  assert.ok(!refusal("x", { code: "SESSION_INVALID", params: ["secret"] }).message.includes("secret"));
});
