/** Values of an exported configuration: a text, a number, a flag, or what lies below. */
export interface XmlValues {
  readonly [name: string]: string | number | boolean | XmlValues;
}

/**
 * An exported configuration as Hyper-V of Windows Server 2012 R2 writes it: UTF-16 with its mark, Windows line ends, each value with its type. Made after the structure that files of others show; none of them is at hand.
 */
export function exportedXml(values: XmlValues): Uint8Array {
  const lines = ['<?xml version="1.0" encoding="UTF-16" standalone="yes"?>', "<configuration>"];
  write(values, "  ", lines);
  lines.push("</configuration>", "");
  const text = `\ufeff${lines.join("\r\n")}`;
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    bytes[i * 2] = text.charCodeAt(i) & 0xff;
    bytes[i * 2 + 1] = text.charCodeAt(i) >> 8;
  }
  return bytes;
}

function write(values: XmlValues, indent: string, lines: string[]): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "object") {
      lines.push(`${indent}<${name}>`);
      write(value, `${indent}  `, lines);
      lines.push(`${indent}</${name}>`);
      continue;
    }
    const type = typeof value === "string" ? "string" : typeof value === "number" ? "integer" : "bool";
    const text = typeof value === "boolean" ? (value ? "True" : "False") : String(value);
    lines.push(`${indent}<${name} type="${type}">${text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</${name}>`);
  }
}

/** A generation 1 machine of Windows Server 2012 R2 with a disk, an empty DVD drive, a SCSI disk and an adapter. */
export function exportedMachine(): XmlValues {
  const vdev = (device: string, instance: string, name: string): XmlValues => ({ device, flags: 1, instance, name });
  const empty = { pathname: "", type: "NONE" };
  return {
    "_55225880-49c0-4438-9ce2-5a01402fd8cb_": {
      ChannelInstanceGuid: "{b57a8519-55d4-47aa-be66-018ecb6260ff}",
      Connection: { AltPortName: "Dynamic Ethernet Switch Port", AltSwitchName: "Virtual External Switch" },
      FriendlyName: "Network Adapter",
      IsConnected: true,
      MacAddress: "00-15-5D-01-07-DC",
      MacAddressIsStatic: false,
      SwitchName: "438B7B13-6180-4155-B7BF-08709CCF234D",
      VDEVVersion: 256,
    },
    "_83f8638b-8dca-4152-9eda-2ca8b33039b4_": {
      VDEVVersion: 1280,
      controller0: {
        drive0: {
          iops_limit: 0,
          pathname: "C:\\VMs\\web\\web.vhd",
          persistent_reservations_supported: false,
          type: "VHD",
        },
        drive1: empty,
      },
      controller1: { drive0: { pathname: "", type: "ISO" }, drive1: empty },
    },
    "_8e3a359f-559a-4b6a-98a9-1690a6100ed7_": {
      VDEVVersion: 512,
      port0: { connection: "\\\\.\\pipe\\web" },
      port1: { connection: "" },
    },
    "_8f0d2762-0b00-4e04-af4f-19010527cb93_": { controller0: { drive0: { pathname: "", type: "VFD" } } },
    "_ac6b8dc1-3257-4a70-b1b2-a9c9215659ad_": {
      bios_guid: "{7FFEE066-9755-4950-9A16-4C94AC67AD00}",
      boot: { device0: "Optical", device1: "HardDrive", device2: "Network", device3: "Floppy" },
      secure_boot_enabled: false,
    },
    "_d7a36e9b-9256-4f0d-be2c-3a13887f7b03_": {
      ChannelInstanceGuid: "{125506a8-a651-4852-87ad-3e7a29dd07fa}",
      controller0: { drive3: { pathname: "C:\\VMs\\web\\data.vhdx", type: "VHD" } },
    },
    global_settings: {
      power: { host_shutdown: { action: 2 }, host_startup: { action: 1 } },
      snapshots: { list: { size: 2 } },
    },
    manifest: {
      size: 2,
      vdev012: vdev(
        "2fc216b0-d2e2-4967-9b6d-b8a5c9ca2778",
        "55225880-49C0-4438-9CE2-5A01402FD8CB",
        "Synthetic Ethernet Port",
      ),
      vdev013: vdev(
        "d422512d-2bf2-4752-809d-7b82b5fcb1b4",
        "D7A36E9B-9256-4F0D-BE2C-3A13887F7B03",
        "Synthetic SCSI Controller",
      ),
      version: 260,
    },
    properties: {
      global_id: "0AA394FA-7C4A-4070-BA32-773D43B28A68",
      name: "web & more",
      notes: "a note",
      subtype: 0,
      type_id: "Virtual Machines",
      version: 1280,
    },
    settings: {
      memory: { bank: { dynamic_memory_enabled: true, limit: 8192, priority: 5000, reservation: 512, size: 2048 } },
      processors: { count: 4, limit: 100_000 },
    },
  };
}
