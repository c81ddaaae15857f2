/** Configurations of machines: each platform's reader on damaged text. What it hands over has to fit every target. */
import { fit } from "../../src/appliance/fit.js";
import type { Context } from "../../src/io/context.js";
import { readVmx } from "../../src/platforms/vmware/import.js";
import { targets } from "../../src/targets/targets.js";
import { exportOne } from "./domain-target.js";
import type { FuzzTarget } from "./target.js";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const VMX: readonly string[] = [
  'config.version = "8"\nvirtualHW.version = "19"\ndisplayName = "web"\nguestOS = "debian12-64"\nmemsize = "512"\nnumvcpus = "2"\n' +
    'scsi0.present = "TRUE"\nscsi0.virtualDev = "pvscsi"\nscsi0:0.present = "TRUE"\nscsi0:0.fileName = "a-000001.vmdk"\nscsi0:0.mode = "undoable"\n' +
    'scsi0:1.present = "TRUE"\nscsi0:1.fileName = "b.vmdk"\nscsi0:1.sharing = "multi-writer"\nfirmware = "efi"\nvtpm.present = "TRUE"\nnvram = "a.nvram"\n',
  '.encoding = "windows-1252"\r\nvirtualHW.version = "4"\r\nDISPLAYNAME = "|E9|22"\r\nide0:0.present = "TRUE"\r\nide0:0.deviceType = "cdrom-image"\r\n' +
    'ide0:0.fileName = "x.iso"\r\nbios.bootOrder = "cdrom,ethernet0,hdd"\r\nbios.hddOrder = "ide0:0"\r\nethernet0.present = "1"\r\n' +
    'ethernet0.connectionType = "pvn"\r\nethernet0.generatedAddress = "00:0c:29:01:02:03"\r\nfloppy1.present = "TRUE"\r\nfloppy1.fileName = "x.flp"\r\n',
  'serial0.present = "TRUE"\nserial0.fileType = "pipe"\nserial0.fileName = "p"\nusb.present = "TRUE"\nehci.present = "TRUE"\nsound.present = "TRUE"\n' +
    'svga.vramSize = "8388608"\nrtc.diffFromUTC = "0"\nsharedFolder0.present = "TRUE"\nguestinfo.x = "y"\nuuid.bios = "56 4d 00 00 00 00 00 00-00 00 00 00 00 00 00 01"\n',
];

/** Half of the files that are named are there. */
const files = {
  find: (path: string): { name: string; size: number } | undefined =>
    path.length % 2 === 0 ? { name: path, size: 1 } : undefined,
};

const vmx: FuzzTarget = {
  name: "vmx",
  seeds: async () => VMX.map(utf8),
  async run(bytes: Uint8Array, ctx: Context) {
    const config = readVmx({ name: "x", label: "x.vmx", bytes });
    const appliance = config.appliance(files, (finding) => ctx.report(finding));
    for (const target of targets.all) fit(appliance, target);
    await exportOne(appliance, bytes.length, ctx);
  },
};

/** Readers of machine configurations. */
export const configTargets: readonly FuzzTarget[] = [vmx];
