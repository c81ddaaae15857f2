import assert from "node:assert/strict";
import { test } from "node:test";
import { diskContext } from "../../../test/support/disks.js";
import { hasCode } from "../../../test/support/errors.js";
import { applySteps, type Journal, undoSteps } from "./apply.js";
import type { DeploymentState, StepRecord } from "./state.js";
import type { Step } from "./step.js";

const KEYS = ["files", "disk", "domain", "start"];
/** A power cut: nothing of the process goes on after it. */
class Cut extends Error {}

function stateOf(): DeploymentState {
  return {
    schema: "vmferry/deployment-state@1",
    name: "web",
    id: "1",
    target: "libvirt:///system",
    access: { user: null, password: null, thumbprint: null, authorities: null },
    source: "web.ova",
    work: "w",
    status: "deploying",
    generation: 1,
    wish: null,
    disks: [],
    upgrade: null,
    machines: [],
    steps: KEYS.map((key): StepRecord => ({ key, text: key, status: "open", action: { kind: key } })),
  };
}

/** A platform on which things are half made first, and a disk on which the journal lies. Both can be cut off before any of their changes. */
class World {
  readonly things = new Map<string, "half" | "whole">();
  kept: DeploymentState = stateOf();
  changes = 0;
  cutAt = Number.POSITIVE_INFINITY;

  change(act: () => void): void {
    if (this.changes++ >= this.cutAt) throw new Cut();
    act();
  }

  readonly journal: Journal = {
    save: async (state) =>
      this.change(() => {
        this.kept = state;
      }),
  };

  readonly make = ({ key, status }: StepRecord): Step => ({
    probe: async () => {
      const thing = this.things.get(key);
      // As with an upload: how far it came cannot be seen.
      return thing === undefined ? "absent" : status === "done" ? "done" : "different";
    },
    do: async () => {
      assert.ok(!this.things.has(key), `${key} is made over what is there`);
      this.change(() => this.things.set(key, "half"));
      this.change(() => this.things.set(key, "whole"));
    },
    undo: async () => this.change(() => this.things.delete(key)),
  });

  apply(): Promise<DeploymentState> {
    return applySteps(this.kept, this.make, this.journal, () => {}, diskContext());
  }

  undo(): ReturnType<typeof undoSteps> {
    return undoSteps(this.kept, this.make, this.journal, () => {}, diskContext());
  }
}

/** Lets a run be cut before its nth change, for every n until it ends by itself. Returns how many there were. */
async function cutEverywhere(start: () => Promise<World>, run: (world: World) => Promise<unknown>): Promise<World[]> {
  const worlds: World[] = [];
  for (let n = 0; ; n++) {
    assert.ok(n < 100, "it never ends by itself");
    const world = await start();
    world.cutAt = world.changes + n;
    let cut = true;
    await run(world)
      .then((left) => {
        cut = left !== null && typeof left === "object" && "cause" in left;
      })
      .catch((error) => assert.ok(error instanceof Cut, String(error)));
    world.cutAt = Number.POSITIVE_INFINITY;
    worlds.push(world);
    if (!cut) return worlds;
  }
}

const whole = new Map(KEYS.map((key) => [key, "whole"]));

test("a deployment that is cut before any of its changes ends in the same state when it is run again", async () => {
  const worlds = await cutEverywhere(
    async () => new World(),
    (world) => world.apply(),
  );
  assert.equal(worlds.length, 4 * KEYS.length + 1, "begun, half, whole, done for each step");
  for (const world of worlds) {
    await world.apply();
    assert.deepEqual(new Map(world.things), whole);
    assert.ok(world.kept.steps.every(({ status }) => status === "done"));
  }
});

test("and cut twice, it does too", async () => {
  for (const first of [1, 2, 3, 6, 9]) {
    const start = async (): Promise<World> => {
      const world = new World();
      world.cutAt = first;
      await world.apply().catch(() => {});
      world.cutAt = Number.POSITIVE_INFINITY;
      return world;
    };
    for (const world of await cutEverywhere(start, (one) => one.apply())) {
      await world.apply();
      assert.deepEqual(new Map(world.things), whole);
    }
  }
});

test("whatever was cut can be taken back as a whole, and taking back can be cut too", async () => {
  for (const world of await cutEverywhere(
    async () => new World(),
    (one) => one.apply(),
  )) {
    assert.equal(await world.undo(), null);
    assert.equal(world.things.size, 0);
  }
  const made = async (): Promise<World> => {
    const world = new World();
    await world.apply();
    return world;
  };
  for (const world of await cutEverywhere(made, (one) => one.undo())) {
    assert.equal(await world.undo(), null);
    assert.equal(world.things.size, 0);
    assert.equal(world.kept.status, "destroying");
  }
});

test("what no run has begun is not touched, whoever it belongs to", async () => {
  const world = new World();
  world.things.set("domain", "whole");
  await assert.rejects(world.apply(), hasCode("deploy/taken"));
  assert.equal(await world.undo(), null);
  assert.deepEqual([...world.things.keys()], ["domain"]);
});

test("what cannot be taken back is listed with all that it may stand on, and stays in the journal", async () => {
  const world = new World();
  await world.apply();
  const make = (record: StepRecord): Step => ({
    ...world.make(record),
    ...(record.key === "domain" ? { undo: () => Promise.reject(new Error("busy")) } : {}),
  });
  const left = await undoSteps(world.kept, make, world.journal, () => {}, diskContext());
  assert.deepEqual(
    left?.records.map(({ key }) => key),
    ["files", "disk", "domain"],
  );
  assert.deepEqual(
    world.kept.steps.map(({ status }) => status),
    ["done", "done", "done", "open"],
  );
});

test("a step that failed counts as done where it is", async () => {
  const world = new World();
  let there = false;
  const make = (record: StepRecord): Step => ({
    ...world.make(record),
    ...(record.key === "start"
      ? {
          probe: async () => (there ? "done" : "absent"),
          do: () => {
            there = true;
            return Promise.reject(new Error("is active already"));
          },
        }
      : {}),
  });
  const state = await applySteps(world.kept, make, world.journal, () => {}, diskContext());
  assert.ok(state.steps.every(({ status }) => status === "done"));
});
