/** What a collector gathered on a host of Hyper-V, what old versions export, and what went wrong with either on the way. */
import { defaultLimits } from "../../src/base/limits.js";
import { readHyperv } from "../../src/platforms/hyperv/import.js";
import { blankAdapter, blankDrive, blankHyperv } from "../../src/platforms/hyperv/testing/document.js";
import { exportedMachine, exportedXml } from "../../src/platforms/hyperv/testing/xml.js";
import type { FuzzTarget } from "./target.js";

const image = { format: "VHDX", type: "Differencing", sizeBytes: 2 ** 35 };

/** A machine with all that can be collected. */
const FULL = blankHyperv({
  biosGuid: "{7FFEE066-9755-4950-9A16-4C94AC67AD00}",
  notes: "two\r\nlines",
  state: "Saved",
  processors: { count: 4, nested: true, threadsPerCore: 2 },
  memory: { startupBytes: 2 ** 31, dynamic: true, minimumBytes: 2 ** 29, maximumBytes: 2 ** 34 },
  firmware: {
    secureBoot: true,
    secureBootTemplate: "MicrosoftWindows",
    bootOrder: [
      { type: "Drive", drive: 0, adapter: null, description: "EFI SCSI Device" },
      { type: "Network", drive: null, adapter: 0, description: null },
    ],
  },
  security: { tpm: true, shielded: true },
  scsiControllers: 2,
  drives: [
    blankDrive({
      chain: [
        { path: "C:\\a.avhdx", ...image },
        { path: "C:\\a.vhdx", ...image },
      ],
    }),
    blankDrive({ path: null, host: "\\\\.\\PHYSICALDRIVE3", controllerNumber: 1 }),
    blankDrive({ device: "dvd", path: "D:\\os.iso", controllerLocation: 63 }),
  ],
  networkAdapters: [
    blankAdapter({
      switch: "LAN",
      switchType: "External",
      mac: "00155D0107DC",
      vlan: { mode: "Trunk", accessId: 1, nativeId: 2, allowed: "1-3" },
    }),
  ],
  comPorts: [{ number: 1, path: "\\\\.\\pipe\\web" }],
  checkpoints: [{ name: "before", created: null }],
  integrationServicesOff: ["Heartbeat"],
});

/** Reads it, and holds the model to what every importer promises. */
function check(bytes: Uint8Array): void {
  const config = readHyperv({ name: "x", label: "x.json", bytes }, defaultLimits);
  const { machines, disks, files } = config.appliance({ find: () => undefined }, () => {});
  const known = new Set([...disks, ...files].map(({ id }) => id));
  for (const machine of machines) {
    for (const { disk, file, controller } of machine.attachments) {
      for (const id of [disk, file])
        if (id !== null && !known.has(id)) throw new Error("a drive holds what is not there");
      if (!machine.controllers.some(({ id }) => id === controller)) throw new Error("a drive hangs on nothing");
    }
    if (!(machine.cpu.count >= 1)) throw new Error("no processor");
  }
}

const exported: FuzzTarget = {
  name: "hyperv-xml",
  seeds: async () => {
    const utf16 = exportedXml(exportedMachine());
    const text = new TextDecoder("utf-16le").decode(utf16).replace("UTF-16", "UTF-8");
    return [utf16, new TextEncoder().encode(text)];
  },
  run: async (bytes) => check(bytes),
};

const collected: FuzzTarget = {
  name: "hyperv-json",
  seeds: async () => [
    new TextEncoder().encode(JSON.stringify(FULL)),
    new Uint8Array(Buffer.from(`\ufeff${JSON.stringify(FULL, null, 1)}`, "utf16le")),
    new TextEncoder().encode(
      JSON.stringify(blankHyperv({ generation: 1, startupOrder: ["CD", "IDE"], firmware: null })),
    ),
  ],
  run: async (bytes) => check(bytes),
};

/** Machines of Hyper-V. */
export const hypervTargets: readonly FuzzTarget[] = [collected, exported];
