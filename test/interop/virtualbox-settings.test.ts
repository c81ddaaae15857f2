/** Machines of VirtualBox, both ways: what it makes is read as it shows it, and what is written it registers and shows the same for. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { noWishes } from "../../src/appliance/wish.js";
import { noDiskWish } from "../../src/appliance/wished-disks.js";
import type { Appliance, Machine } from "../../src/index.js";
import { testContext } from "../../src/io/testing/context.js";
import { virtualboxPlatform } from "../../src/platforms/virtualbox/platform.js";
import { startFerry } from "../support/ferry.js";
import { packageFixtures } from "../support/fixtures.js";
import { lacking } from "./peers.js";
import { scratch } from "./scratch.js";
import { startVirtualBox, type VirtualBox } from "./virtualbox.js";

const ferry = startFerry();
after(() => ferry.close());
const skip = await lacking("VBoxManage");

/** A machine that VBoxManage makes. */
interface Recipe {
  readonly name: string;
  readonly settings: readonly string[];
  /** Arguments of `storagectl`, by the controller's name. */
  readonly controllers: Readonly<Record<string, readonly string[]>>;
  /** `SATA 0 0 hdd`. */
  readonly drives: readonly string[];
  /** Calls of `modifynvram`. */
  readonly nvram?: readonly (readonly string[])[];
  /** What is named as lost; everything else must be the same. */
  readonly lost: readonly string[];
}

const RECIPES: readonly Recipe[] = [
  {
    name: "bios",
    settings:
      "--ostype Debian --memory 256 --cpus 1 --vram 12 --graphicscontroller vboxvga --rtc-use-utc on --boot1 floppy --boot2 dvd --boot3 disk --boot4 net --nic1 nat --nic-type1 Am79C973 --nic2 intnet --intnet2 lab --nic-type2 82543GC --cable-connected2 off --mac-address2 0800271a2b3c --audio-driver null --audio-enabled on --audio-controller ac97 --uart1 0x3f8 4 --uart-mode1 disconnected --usb-ohci on --usb-ehci on".split(
        " ",
      ),
    controllers: {
      IDE: ["--add", "ide", "--controller", "PIIX3"],
      SCSI: ["--add", "scsi", "--controller", "BusLogic"],
      F: ["--add", "floppy"],
    },
    drives: ["IDE 0 0 hdd", "IDE 0 1 dvddrive", "IDE 1 1 empty", "SCSI 3 0 hdd", "F 0 1 fdd"],
    lost: [],
  },
  {
    name: "efi",
    settings:
      "--ostype Windows11_64 --memory 4096 --cpus 4 --firmware efi64 --chipset ich9 --tpm-type 2.0 --nested-hw-virt on --vram 128 --monitor-count 2 --graphicscontroller vboxsvga --boot1 net --boot2 disk --boot3 none --boot4 none --hardware-uuid 11111111-2222-3333-4444-555555555555 --nic1 bridged --bridge-adapter1 eth0 --nic-type1 82545EM --nic2 hostonly --host-only-adapter2 vboxnet0 --nic-type2 virtio --nic3 natnetwork --nat-network3 nn --nic4 null --cable-connected4 off --audio-driver null --audio-enabled on --audio-controller hda --uart1 0x3f8 4 --uart-mode1 server /tmp/vmferry-pipe --uart2 0x2f8 3 --uart-mode2 file /tmp/vmferry-serial.log --uart3 0x3e8 4 --uart-mode3 tcpserver 4555 --usb-xhci on".split(
        " ",
      ),
    controllers: {
      SATA: ["--add", "sata", "--portcount", "6"],
      LSI: ["--add", "scsi"],
      SAS: ["--add", "sas"],
      NVMe: ["--add", "pcie"],
      VIO: ["--add", "virtio"],
      USB: ["--add", "usb"],
    },
    drives: [
      "SATA 1 0 dvddrive",
      "SATA 5 0 hdd",
      "LSI 2 0 hdd",
      "SAS 1 0 hdd",
      "NVMe 0 0 hdd",
      "VIO 4 0 hdd",
      "USB 2 0 hdd",
    ],
    nvram: [["inituefivarstore"], ["enrollorclpk"], ["enrollmssignatures"], ["secureboot", "--enable"]],
    lost: ["virtualbox/serial-on-host"],
  },
];

/** Makes a machine, with its media in its folder. */
async function make(box: VirtualBox, recipe: Recipe): Promise<string> {
  const { name } = recipe;
  const [, type = ""] = recipe.settings;
  await box.manage("createvm", "--name", name, "--ostype", type, "--register", "--basefolder", box.machines);
  const folder = join(box.machines, name);
  await box.manage("modifyvm", name, ...recipe.settings.slice(2), "--description", 'one\ntwo "three" <four> é');
  for (const [controller, args] of Object.entries(recipe.controllers)) {
    await box.manage("storagectl", name, "--name", controller, ...args);
  }
  for (const [i, drive] of recipe.drives.entries()) {
    const [controller = "", port = "", device = "", kind = ""] = drive.split(" ");
    const place = ["--storagectl", controller, "--port", port, "--device", device];
    if (kind === "empty") {
      await box.manage("storageattach", name, ...place, "--type", "dvddrive", "--medium", "emptydrive");
      continue;
    }
    const medium = join(folder, `m${i}.${{ hdd: "vdi", dvddrive: "iso", fdd: "img" }[kind]}`);
    if (kind === "hdd") await box.manage("createmedium", "disk", "--filename", medium, "--size", "8");
    else await writeFile(medium, new Uint8Array(kind === "fdd" ? 1_474_560 : 40_960));
    await box.manage("storageattach", name, ...place, "--type", kind, "--medium", medium);
  }
  for (const call of recipe.nvram ?? []) await box.manage("modifynvram", name, ...call);
  return folder;
}

/**
 * Facts that depend on a machine alone: not on where it lies, nor on what its controllers are called. The I/O APIC is always written, as every other
 * platform has one.
 */
const FACTS =
  /^(?:name|ostype|hardwareuuid|memory|vram|chipset|firmware|cpus|pae|longmode|acpi|nested-hw-virt|boot[1-4]|SecureBoot|rtcuseutc|graphicscontroller|monitorcount|description|usb|ehci|xhci|(?:nic|nictype|macaddress|cableconnected|bridgeadapter|hostonlyadapter|intnet|nat-network|natnet)\d+|uart[1-4]|uartmode[1-4]|lpt[12])$/;

function factsOf(info: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const facts: Record<string, string> = {};
  for (const [key, value] of info) if (FACTS.test(key)) facts[key] = value;
  for (let i = 0; info.has(`storagecontrollername${i}`); i++) {
    const name = info.get(`storagecontrollername${i}`) ?? "";
    const type = info.get(`storagecontrollertype${i}`) ?? "";
    facts[`controller ${type}`] = "there";
    for (const [key, value] of info) {
      if (!key.startsWith(`${name}-`) || value === "none") continue;
      const place = key.slice(name.length + 1);
      if (/^\d+-\d+$/.test(place)) {
        facts[`drive ${type} ${place}`] = value === "emptydrive" ? value : value.replace(/^.*\./, "image ");
      }
    }
  }
  return facts;
}

async function readMachine(
  path: string,
  there: readonly string[],
): Promise<{ machine: Machine; appliance: Appliance }> {
  const bytes = await readFile(path);
  const name = path.replace(/^.*\/|\.vbox$/g, "");
  const config = virtualboxPlatform.readConfig?.({ name, label: path, bytes }, testContext());
  assert.ok(config !== undefined);
  const find = (asked: string): { name: string; size: number } | undefined => {
    const last = asked.replace(/^.*\//, "");
    return there.includes(last) ? { name: last, size: 0 } : undefined;
  };
  const appliance = config.appliance({ find }, () => {});
  const [machine] = appliance.machines;
  assert.ok(machine !== undefined);
  return { machine, appliance };
}

/** What VirtualBox shows, in the model's words: an answer of its own to what the reader says. */
function shownBy(info: ReadonlyMap<string, string>): Partial<Machine> {
  const get = (key: string): string => info.get(key) ?? "";
  const kinds: Record<string, string> = {
    nat: "nat",
    bridged: "bridged",
    hostonly: "hostonly",
    intnet: "internal",
    natnetwork: "nat",
  };
  const boots: Record<string, string> = { floppy: "floppy", dvd: "cdrom", disk: "disk", net: "network" };
  const nics = [...Array(36).keys()].flatMap((i) => {
    const kind = get(`nic${i + 1}`);
    if (kind === "none" || kind === "") return [];
    const at = (key: string): string | undefined => info.get(`${key}${i + 1}`);
    return [
      {
        kind: kinds[kind] ?? null,
        network: at("bridgeadapter") ?? at("hostonlyadapter") ?? at("intnet") ?? at("nat-network") ?? null,
        model: at("nictype"),
        mac: (at("macaddress") ?? "").toLowerCase().replace(/..(?!$)/g, "$&:"),
        connected: at("cableconnected") === "on" && kind !== "null",
      },
    ];
  });
  return JSON.parse(
    JSON.stringify({
      name: get("name"),
      uuid: get("hardwareuuid"),
      memoryBytes: Number(get("memory")) * 2 ** 20,
      firmware: get("firmware") === "BIOS" ? "bios" : "efi",
      chipset: get("chipset") === "ich9" ? "q35" : "i440fx",
      clock: get("rtcuseutc") === "on" ? "utc" : "localtime",
      boot: [1, 2, 3, 4].flatMap((i) => {
        const device = boots[get(`boot${i}`)];
        return device === undefined ? [] : [{ device, index: null }];
      }),
      nics,
    }),
  );
}

for (const recipe of RECIPES) {
  test(`${recipe.name}: what VirtualBox made is read as it shows it, and carried back it is the same machine`, {
    skip,
  }, async (t) => {
    const box = await startVirtualBox(t);
    const folder = await make(box, recipe);
    const info = await box.machineInfo(recipe.name);
    const { machine } = await readMachine(join(folder, `${recipe.name}.vbox`), await readdir(folder));
    for (const [fact, value] of Object.entries(shownBy(info))) {
      const mine = machine[fact as keyof Machine];
      if (fact === "nics") {
        const seen = machine.nics.map(({ kind, network, model, mac, connected }) => ({
          kind,
          network,
          model,
          mac,
          connected,
        }));
        assert.deepEqual(seen, value);
      } else assert.deepEqual(mine, value, fact);
    }
    assert.equal(machine.cpu.count, Number(info.get("cpus")));
    assert.equal(machine.attachments.length, recipe.drives.length);

    const result = join(await scratch(t, "vbox-out"), "out");
    const { outcome, plan } = await ferry.convert(folder, result, { to: "virtualbox", prove: true });
    assert.ok((outcome.proof ?? []).length > 0, "every disk was read back");
    const named = plan.losses.filter(({ severity }) => severity !== "info").map(({ code }) => code);
    assert.deepEqual([...new Set(named)], recipe.lost, JSON.stringify(plan.losses));
    const other = await registerAll(t, result);
    assert.deepEqual(factsOf(await other.machineInfo(recipe.name)), factsOf(info));
    await checkMedia(other, result);
    await checkSavedAgain(other, result, recipe.name, machine);
  });
}

/** Registers every machine of a folder with a VirtualBox that knows nothing. */
async function registerAll(t: TestContext, folder: string): Promise<VirtualBox> {
  const box = await startVirtualBox(t);
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".vbox"))) {
    const ran = await box.tryManage("registervm", join(folder, name));
    assert.equal(ran.status, 0, `${name}: ${ran.stderr}`);
  }
  return box;
}

/** Every image is what the registry says: VirtualBox opens each and compares the UUID in it with the one in the settings. */
async function checkMedia(box: VirtualBox, folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".vdi"))) {
    const { stdout, stderr } = await box.manage("showmediuminfo", "disk", join(folder, name));
    assert.match(stdout, /^State: +created$/m, `${name}: ${stdout} ${stderr}`);
    assert.doesNotMatch(stdout, /Access Error/);
  }
}

/** What VirtualBox writes when it saves the machine: read again, it is what was written. */
async function checkSavedAgain(box: VirtualBox, folder: string, name: string, before: Machine): Promise<void> {
  await box.manage("setextradata", name, "GUI/vmferry", "1");
  const files = await readdir(folder);
  const { machine } = await readMachine(join(folder, `${name}.vbox`), files);
  const facts = ({ attachments, foreign, nvram, id, guestOs, ...rest }: Machine): unknown => ({
    ...rest,
    system: guestOs.virtualbox,
    drives: attachments.map(({ device, controller, slot }) => `${device} ${controller} ${slot}`).sort(),
  });
  assert.deepEqual(facts(machine), facts(before));
}

test("a chain of differencing images becomes one disk with what the guest sees", { skip }, async (t) => {
  const box = await startVirtualBox(t);
  const name = "chain";
  await box.manage("createvm", "--name", name, "--ostype", "Other", "--register", "--basefolder", box.machines);
  const folder = join(box.machines, name);
  await mkdir(folder, { recursive: true });
  const bytes = new Uint8Array(4 * 2 ** 20);
  for (let i = 0; i < bytes.length; i += 4096) bytes[i] = 1 + ((i / 4096) % 255);
  await writeFile(join(folder, "base.raw"), bytes);
  await box.manage("convertfromraw", join(folder, "base.raw"), join(folder, "base.vdi"), "--format", "VDI");
  await box.manage("storagectl", name, "--name", "SATA", "--add", "sata");
  await box.manage(
    "storageattach",
    name,
    "--storagectl",
    "SATA",
    "--port",
    "0",
    "--device",
    "0",
    "--type",
    "hdd",
    "--medium",
    join(folder, "base.vdi"),
  );
  await box.manage("snapshot", name, "take", "first");
  await box.manage("snapshot", name, "take", "second");
  const result = join(await scratch(t, "vbox-chain"), "out");
  const { plan, outcome } = await ferry.convert(folder, result, { to: "virtualbox", prove: true });
  assert.ok((outcome.proof ?? []).length > 0, "every disk was read back");
  const lost = plan.losses.filter(({ code }) => code === "platform/foreign-dropped").map(({ message }) => message);
  assert.equal(lost.filter((message) => /snapshot (?:first|second)/.test(message)).length, 2);
  const other = await registerAll(t, result);
  await checkMedia(other, result);
  const raw = join(await scratch(t, "vbox-raw"), "disk.raw");
  await other.manage("clonemedium", "disk", join(result, "chain-disk1.vdi"), raw, "--format", "RAW");
  assert.ok(Buffer.from(bytes).equals(await readFile(raw)));
});

for (const { name, source } of await packageFixtures()) {
  test(`${name}: VirtualBox registers what is written, and shows it`, { skip }, async (t) => {
    const result = join(await scratch(t, "vbox-package"), "out");
    const { plan } = await ferry.convert(source, result, { to: "virtualbox", prove: true });
    const fitted = plan.appliance;
    assert.ok(fitted !== undefined);
    const box = await registerAll(t, result);
    for (const machine of fitted.machines) {
      const info = await box.machineInfo(machine.name);
      assert.equal(Number(info.get("cpus")), machine.cpu.count);
      assert.equal(Number(info.get("memory")) * 2 ** 20, machine.memoryBytes);
      assert.equal(info.get("firmware")?.startsWith("EFI") === true, machine.firmware !== "bios");
      const cards = [...info].filter(([key, value]) => /^nic\d+$/.test(key) && value !== "none");
      assert.equal(cards.length, machine.nics.length);
      const drives = Object.keys(factsOf(info)).filter((fact) => fact.startsWith("drive "));
      assert.equal(drives.length, machine.attachments.length, drives.join());
    }
    await checkMedia(box, result);
  });
}

test("disks of every kind that can be chosen are the media that the settings say", { skip }, async (t) => {
  const box = await startVirtualBox(t);
  const from = await scratch(t, "kinds");
  const image = join(from, "a.raw");
  await writeFile(image, new Uint8Array(1 << 20).fill(7, 4096, 70_000));
  for (const { format, variants, extension } of virtualboxPlatform.disks ?? []) {
    for (const variant of variants) {
      const name = `${format}-${variant}`;
      const folder = join(from, name);
      const disks = new Map([["disk", { ...noDiskWish, format, variant }]]);
      await ferry.convert(image, folder, {
        to: "virtualbox",
        disks: "taken",
        wishes: { ...noWishes, name, disks },
        prove: true,
      });
      await box.manage("registervm", join(folder, `${name}.vbox`));
      const medium = join(folder, `${name}-disk1${extension}`);
      // A medium whose UUID is another one than the settings say is inaccessible.
      const { stdout } = await box.manage("showmediuminfo", "disk", medium);
      assert.match(stdout, /^State:\s+created$/m, `${name}\n${stdout}`);
      const back = join(from, `${name}.raw`);
      await box.manage("clonemedium", "disk", medium, back, "--format", "RAW");
      assert.ok((await readFile(back)).equals(await readFile(image)), name);
    }
  }
});
