import { readFile } from "node:fs/promises";
import { readVbox } from "../../src/platforms/virtualbox/import.js";
import { exportOne } from "./domain-target.js";
import type { FuzzTarget } from "./target.js";

const SEEDS = ["bios-ide-cd/old", "efi-sata-virtio/web-server", "nvme-secure/nv", "scsi-multi-disk/db"];

/** A chain, snapshots, old places of controllers and USB, and what the model has no place for. */
const OLD = `<?xml version="1.0"?>
<VirtualBox xmlns="http://www.innotek.de/VirtualBox-settings" version="1.12-linux">
<Machine uuid="{5438ee3c-3269-4613-83b0-512ba8554c2c}" name="old" OSType="Debian" stateFile="Snapshots/x.sav">
<MediaRegistry><HardDisks><HardDisk uuid="{7e420c9a-4360-43f5-acfd-c7cc424d6f0d}" location="a.vdi" format="VDI" type="Immutable">
<HardDisk uuid="{793ba9ae-53f2-458b-a96c-fbe329ad047d}" location="Snapshots/{793ba9ae-53f2-458b-a96c-fbe329ad047d}.vdi" format="VDI"/>
</HardDisk></HardDisks><DVDImages><Image uuid="{be8be5c1-7d57-4dc1-a363-f333c5e1921c}" location="/isos/a.iso"/></DVDImages></MediaRegistry>
<Snapshot uuid="{a783afd0-95ec-4c32-9814-4f0aa90cdaf9}" name="one"><Hardware/><Snapshots><Snapshot name="two"/></Snapshots></Snapshot>
<ExtraData><ExtraDataItem name="VBoxInternal/x" value="1"/></ExtraData>
<Hardware><CPU count="4" hotplug="true"><CpuTree><Cpu id="0"/></CpuTree></CPU><Memory RAMSize="512"/><Chipset type="ICH9"/>
<Boot><Order position="1" device="DVD"/><Order position="2" device="HardDisk"/></Boot><Firmware type="EFI32"/>
<BIOS><NVRAM path="old.nvram"/></BIOS><USBController enabled="true" enabledEhci="true"/>
<Network><Adapter slot="0" enabled="true" MACAddress="0800276C31AD"><NAT><Forwarding name="ssh" hostport="22"/></NAT></Adapter>
<Adapter slot="1" enabled="true" type="virtio"><GenericInterface driver="UDPTunnel"/></Adapter></Network>
<UART><Port slot="0" enabled="true" hostMode="HostPipe" path="/tmp/p"/></UART><AudioAdapter controller="SB16" enabled="true"/>
<SharedFolders><SharedFolder name="d" hostPath="/srv"/></SharedFolders></Hardware>
<StorageControllers><StorageController name="IDE" type="PIIX4"><AttachedDevice type="DVD" port="1" device="0">
<Image uuid="{be8be5c1-7d57-4dc1-a363-f333c5e1921c}"/></AttachedDevice></StorageController>
<StorageController name="SAS" type="LsiLogicSas"><AttachedDevice type="HardDisk" port="3" device="0">
<Image uuid="{793ba9ae-53f2-458b-a96c-fbe329ad047d}"/></AttachedDevice></StorageController></StorageControllers>
</Machine></VirtualBox>`;

/** Settings of VirtualBox, and what every export does with the machine that they describe. */
export const virtualboxTarget: FuzzTarget = {
  name: "vbox",
  async seeds() {
    const written = SEEDS.map((name) => readFile(`test/fixtures/golden/virtualbox/${name}.vbox`));
    const files = (await Promise.all(written)).map((bytes) => new Uint8Array(bytes));
    return [...files, new TextEncoder().encode(OLD)];
  },
  async run(bytes, ctx) {
    const config = readVbox({ name: "fuzz", label: "fuzz.vbox", bytes }, ctx);
    const there = (path: string): { name: string; size: number } | undefined =>
      path.length % 2 === 0 ? { name: path, size: 0 } : undefined;
    const appliance = config.appliance({ find: there }, () => {});
    const asked = new Set(config.files.map(({ path }) => path));
    for (const { file } of appliance.disks) {
      if (file !== null && !asked.has(file)) throw new Error("a disk in a file that was not asked for");
    }
    await exportOne(appliance, bytes.length, ctx);
  },
};
