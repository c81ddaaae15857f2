/** A package of VirtualBox with EFI, NVMe and two network cards keeps all of these on every platform that is written, or a note says why not. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { fit } from "../../src/appliance/fit.js";
import { changesBetween, portraitOf } from "../../src/appliance/portrait.js";
import { openSource } from "../../src/index.js";
import { createContext, createRuntime, openPath } from "../../src/node.js";
import { judgeJourney, platformWay } from "../../src/operations/convert/journey.js";
import { describeChange } from "../../src/operations/convert/read-back.js";
import { explanationsOf } from "../../src/platforms/explained.js";
import { platforms } from "../../src/platforms/platforms.js";
import { targets } from "../../src/targets/targets.js";
import { lacking } from "./peers.js";
import { startVirtualBox } from "./virtualbox.js";

const skip = await lacking("VBoxManage");
const runtime = createRuntime();
after(() => runtime.close());

test("EFI, NVMe and two network cards are kept on every platform, or it is said why not", { skip }, async (t) => {
  const box = await startVirtualBox(t);
  const name = "three";
  await box.manage("createvm", "--name", name, "--ostype", "Debian_64", "--register", "--basefolder", box.machines);
  const hardware = "--memory 512 --cpus 2 --firmware efi64 --nic1 nat --nic-type1 82545EM --nic2 intnet --intnet2 lab";
  await box.manage("modifyvm", name, ...hardware.split(" "), "--nic-type2", "virtio");
  await box.manage("storagectl", name, "--name", "N", "--add", "pcie");
  const disk = join(box.machines, name, "d.vdi");
  await box.manage("createmedium", "disk", "--filename", disk, "--size", "8");
  await box.manage(
    "storageattach",
    name,
    "--storagectl",
    "N",
    "--port",
    "0",
    "--device",
    "0",
    "--type",
    "hdd",
    "--medium",
    disk,
  );
  const ova = join(box.machines, "three.ova");
  await box.manage("export", name, "--ovf20", "--options", "manifest", "-o", ova);

  const ctx = createContext(runtime, { report: () => {} });
  const input = await openPath(ova, runtime.native);
  t.after(() => input.close());
  const opened = await openSource(input, {}, ctx);
  t.after(() => opened.close());
  const appliance = opened.appliance({}, ctx);
  const [machine] = appliance.machines;
  assert.ok(machine !== undefined);
  const bus = machine.controllers.find(({ id }) => id === machine.attachments[0]?.controller)?.bus;
  assert.deepEqual([machine.firmware, bus, machine.nics.length], ["efi", "nvme", 2]);

  let written = 0;
  let readBack = 0;
  for (const platform of platforms.all) {
    if (platform.exportConfig === undefined || platform.defaultTarget === null) continue;
    written++;
    const target = targets.get(platform.defaultTarget);
    const fitted = fit(appliance, target);
    const plan = await platform.exportConfig(fitted.appliance, fitted.shapes, target, {}, ctx);
    const notes = [...fitted.notes, ...plan.notes];
    const refused = notes.filter(({ severity }) => severity === "error");
    assert.deepEqual(refused, [], platform.id);
    const changed = changesBetween(appliance, fitted.appliance, new Map());
    const silent = changed.filter((change) => explanationsOf(change, notes).length === 0);
    assert.deepEqual(silent.map(describeChange), [], `${platform.id}, fitted`);
    const [result] = fitted.appliance.machines;
    assert.ok(result !== undefined && portraitOf(fitted.appliance, result).some((fact) => fact.name === "disk"));
    assert.deepEqual([result.firmware, result.nics.length], ["efi", 2], platform.id);
    const arrival = await platformWay(platform).travel(appliance, ctx);
    if (arrival === null) continue;
    readBack++;
    const { fates } = judgeJourney(appliance, arrival.appliance, arrival.diskNames, arrival.notes);
    const unexplained = fates.filter(({ fate }) => fate === "unexplained").map(({ fact }) => describeChange(fact));
    assert.deepEqual(unexplained, [], `${platform.id}, read back`);
  }
  // More platforms come; none may go.
  assert.ok(written >= 5 && readBack >= 2, `${written} written, ${readBack} read back`);
});
