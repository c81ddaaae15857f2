/** Packages that are written anew for VirtualBox, and really imported there. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ImageShape } from "../../src/disk/testing/images.js";
import { targets } from "../../src/targets/targets.js";
import { startFerry } from "../support/ferry.js";
import { packageFixtures } from "../support/fixtures.js";
import { diskFile } from "../support/packages.js";
import { lacking } from "./peers.js";
import { scratch } from "./scratch.js";
import { startVirtualBox } from "./virtualbox.js";

const ferry = startFerry();
after(() => ferry.close());

/** Machines with every bus that VMware and VirtualBox share. */
const MACHINES = ["compose-disks", "vbox-nics-ovf10", "vbox-lsilogic-ovf10", "vbox-nvme-ovf10", "vbox-bios-ovf10"];

test("machines of VMware come as OVAs into VirtualBox, with their processors, memory, disks and cards", {
  skip: await lacking("VBoxManage"),
  timeout: 300_000,
}, async (t) => {
  const box = await startVirtualBox(t);
  const fixtures = await packageFixtures();
  for (const [i, name] of MACHINES.entries()) {
    const fixture = fixtures.find((one) => one.name === name);
    assert.ok(fixture, name);
    const folder = await scratch(t, "anew");
    const vmx = join(folder, "vmx");
    const ova = join(folder, `${name}.ova`);
    await ferry.convert(fixture.source, vmx, { to: "vmware", target: "vsphere-8" });
    const { plan } = await ferry.convert(vmx, ova, { to: "ova", flavour: "virtualbox", prove: true });
    const { diagnostics } = await ferry.validate(ova, { targets: [targets.get("virtualbox-7")] });
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code),
      [],
      name,
    );
    const ran = await box.importAs(ova, `m${i}`, 1);
    assert.equal(ran.status, 0, `${name}: ${ran.stderr}`);
    assert.doesNotMatch(ran.stderr, /warning/i, name);
    const [machine] = plan.appliance?.machines ?? [];
    assert.ok(machine);
    const info = await box.machineInfo(`m${i}-0`);
    assert.equal(info.get("cpus"), String(machine.cpu.count), name);
    assert.equal(info.get("memory"), String(machine.memoryBytes / 2 ** 20), name);
    const media = [...info].filter(([key, value]) => /-\d+-\d+$/.test(key) && /\.vmdk$/i.test(value));
    assert.equal(media.length, machine.attachments.filter(({ device }) => device === "disk").length, name);
    const cards = [...info].filter(([key, value]) => /^nic\d+$/.test(key) && value !== "none");
    assert.equal(cards.length, machine.nics.length, name);
    const { virtualbox } = machine.guestOs;
    if (virtualbox !== null) assert.equal(info.get("ostype"), virtualbox, name);
  }
});

/** A machine with what VirtualBox's importer learns from its own settings alone. */
const EFI = {
  ".encoding": "UTF-8",
  "config.version": "8",
  "virtualHW.version": "19",
  displayName: "efi box",
  guestOS: "debian12-64",
  memSize: "1024",
  numvcpus: "2",
  firmware: "efi",
  "vtpm.present": "TRUE",
  "vhv.enable": "TRUE",
  "uuid.bios": "56 4d 11 22 33 44 55 66-77 88 99 aa bb cc dd ee",
  "nvme0.present": "TRUE",
  "nvme0:0.present": "TRUE",
  "nvme0:0.fileName": "disk.vmdk",
  "sata0.present": "TRUE",
  "sata0:1.present": "TRUE",
  "sata0:1.deviceType": "cdrom-image",
  "sata0:1.fileName": "cd.iso",
  "ethernet0.present": "TRUE",
  "ethernet0.virtualDev": "e1000",
  "ethernet0.connectionType": "bridged",
  "ethernet0.addressType": "static",
  "ethernet0.address": "00:50:56:00:11:22",
  "ethernet1.present": "TRUE",
  "ethernet1.virtualDev": "vlance",
  "ethernet1.connectionType": "hostonly",
  "ethernet2.present": "TRUE",
  "ethernet2.virtualDev": "e1000",
  "ethernet2.connectionType": "nat",
  "sound.present": "TRUE",
  "sound.virtualDev": "hdaudio",
};

test("a machine of VMware with EFI, NVMe and TPM comes as an OVA into VirtualBox with all of that", {
  skip: await lacking("VBoxManage"),
  timeout: 120_000,
}, async (t) => {
  const box = await startVirtualBox(t);
  const folder = await scratch(t, "anew");
  const vm = join(folder, "vm");
  await mkdir(vm);
  const lines = Object.entries(EFI).map(([key, value]) => `${key} = "${value}"\n`);
  await writeFile(join(vm, "vm.vmx"), lines.join(""));
  const shape: ImageShape = { sectors: 16_384, runs: [{ sector: 100, sectors: 700, content: "text" }] };
  await writeFile(join(vm, "disk.vmdk"), await diskFile("vmdk", "monolithicSparse", shape));
  await writeFile(join(vm, "cd.iso"), new Uint8Array(40_960));
  const ova = join(folder, "efi.ova");
  await ferry.convert(vm, ova, { to: "ova", flavour: "virtualbox", prove: true });
  const ran = await box.importAs(ova, "efi", 1);
  assert.equal(ran.status, 0, ran.stderr);
  assert.doesNotMatch(ran.stderr, /warning/i);
  const info = await box.machineInfo("efi-0");
  const wanted = {
    firmware: "EFI64",
    hardwareuuid: "564d1122-3344-5566-7788-99aabbccddee",
    cpus: "2",
    memory: "1024",
    "nested-hw-virt": "on",
    rtcuseutc: "on",
    // Its own default is floppy, DVD, disk.
    boot1: "disk",
    boot2: "dvd",
    boot3: "none",
    nic1: "bridged",
    nictype1: "82540EM",
    macaddress1: "005056001122",
    nic2: "hostonly",
    nictype2: "Am79C973",
    nic3: "nat",
    nic4: "none",
    storagecontrollertype0: "NVMe",
    storagecontrollertype1: "IntelAhci",
    audio_out: "on",
  };
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((key) => [key, info.get(key)])), wanted);
  assert.match(info.get("NVMe-0-0") ?? "", /\.vmdk$/);
  assert.match(info.get("SATA-1-0") ?? "", /\.iso$/);
  // showvminfo does not tell of a TPM; the settings that VirtualBox wrote do.
  assert.match(await readFile(info.get("CfgFile") ?? "", "utf8"), /<TrustedPlatformModule type="v2_0"/);
});
