import type { Appliance, Attachment, Disk, GuestOs, Machine, Nic } from "./appliance.js";

/** An appliance in which nothing is said yet. */
export function blankAppliance(name: string | null = null): Appliance {
  return {
    name,
    machines: [],
    networks: [],
    disks: [],
    files: [],
    products: [],
    eulas: [],
    options: [],
    startup: [],
    groups: [],
    foreign: [],
    origins: new Map(),
  };
}

/** A guest system that nobody has named. */
export function blankGuestOs(): GuestOs {
  return { cim: null, vmware: null, virtualbox: null, osinfo: null, proxmox: null, xenserver: null, description: null };
}

/** A machine of which nothing but its name is known: one processor, no memory, no device. */
export function blankMachine(id: string, name: string = id): Machine {
  return {
    id,
    name,
    annotation: null,
    uuid: null,
    guestOs: blankGuestOs(),
    hardwareTypes: [],
    virtualization: null,
    chipset: null,
    firmware: "unknown",
    firmwareFrom: null,
    tpm: null,
    nvram: null,
    directBoot: null,
    cpu: { count: 1, coresPerSocket: null, threadsPerCore: null, max: null, nested: null },
    memoryBytes: 0,
    dynamicMemory: null,
    bounds: [],
    controllers: [],
    attachments: [],
    nics: [],
    serialPorts: [],
    sound: null,
    video: null,
    clock: null,
    boot: [],
    install: null,
    transports: [],
    foreign: [],
  };
}

/** A network card of which nothing is known. */
export function blankNic(parts: Partial<Nic> = {}): Nic {
  return {
    network: null,
    kind: null,
    vlan: null,
    model: null,
    mac: null,
    connected: true,
    portProfile: null,
    ...parts,
  };
}

/** An empty drive without a place. */
export function blankAttachment(device: Attachment["device"], parts: Partial<Attachment> = {}): Attachment {
  return { device, disk: null, file: null, controller: null, slot: null, readOnly: false, ...parts };
}

/** A disk of which only its file is known. */
export function blankDisk(id: string, file: string | null, parts: Partial<Disk> = {}): Disk {
  return {
    id,
    file,
    format: null,
    variant: null,
    capacityBytes: 0,
    parent: null,
    compression: null,
    chunkBytes: null,
    shared: false,
    ...parts,
  };
}
