import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { hasCode } from "../../../test/support/errors.js";
import type { Driver } from "../driver.js";
import type { DeployedMachine } from "./state.js";
import { waitFor } from "./wait.js";

const machines: readonly DeployedMachine[] = ["db", "web"].map((id) => ({
  ...{ id, name: `shop-${id}`, uuid: id, order: null, startDelaySeconds: 0 },
}));

/** A platform that knows addresses after it was asked a number of times. */
function driverWith(addresses: Driver["addresses"]): Driver {
  const never = (): never => assert.fail("it only looks");
  return {
    ...{ label: "a platform", facts: { kind: null, version: null, vendor: null, locale: null, timezone: null } },
    ...{ look: never, step: never, stateOf: never, start: never, shutDown: never, switchOff: never, close: never },
    ...(addresses === undefined ? {} : { addresses }),
  };
}

const wait = (
  wanted: Parameters<typeof waitFor>[0],
  addresses: Driver["addresses"],
  seconds = 20,
  heard: string[] = [],
): Promise<void> =>
  waitFor(wanted, machines, driverWith(addresses), seconds, (line) => heard.push(line), diskContext());

test("addresses of all machines are waited for, and a port of one of them", async (t) => {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const asked: string[] = [];
  const heard: string[] = [];
  await wait(
    [
      { host: null, port: null },
      { host: "web", port },
      { host: "127.0.0.1", port },
    ],
    async ({ name }) => {
      asked.push(name);
      // The first time nobody knows one yet.
      return asked.length === 1 ? [] : ["127.0.0.1"];
    },
    20,
    heard,
  );
  assert.deepEqual(asked, ["shop-db", "shop-db", "shop-web", "shop-web"]);
  assert.deepEqual(heard, [
    "wait for an address of shop-db",
    "wait for an address of shop-web",
    `wait for port ${port} of shop-web`,
    `wait for port ${port} of 127.0.0.1`,
  ]);
});

test("what does not come in time, cannot be known or is not there is told", async () => {
  // A port of the loopback that nobody has: it was given back.
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(
    wait([{ host: "127.0.0.1", port }], async () => [], 1),
    hasCode("deploy/no-answer"),
  );
  await assert.rejects(
    wait([{ host: "db", port: null }], async () => [], 1),
    hasCode("deploy/no-answer"),
  );
  await assert.rejects(wait([{ host: null, port: 22 }], undefined), hasCode("deploy/cannot-wait"));
  await assert.rejects(
    wait([{ host: "mail", port: null }], async () => []),
    hasCode("deploy/cannot-wait"),
  );
});
