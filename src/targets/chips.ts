/*
 * The same chip has many names: `E1000`, `82545EM` and `i82545em` are one card to a guest, and one driver. Two words that name one chip can be
 * exchanged without the guest noticing. Sources: the words of VMX and OVF (VMware), `VBoxManage modifyvm`, libvirt's formatdomain.html and
 * QEMU's `-device help`.
 */

/** A network chip, by the driver that it needs. */
export type NicChip =
  | "e1000"
  | "e1000e"
  | "pcnet"
  | "vmxnet"
  | "vmxnet3"
  | "virtio"
  | "rtl8139"
  | "tulip"
  | "hyperv"
  | "xen";

/** A SCSI chip, by the driver that it needs. */
export type ScsiChip =
  | "53c1030"
  | "buslogic"
  | "sas1068"
  | "pvscsi"
  | "53c895a"
  | "53c810"
  | "megasas"
  | "virtio"
  | "hyperv"
  | "xen";

const NIC_WORDS: Readonly<Record<NicChip, readonly string[]>> = {
  e1000: [
    "e1000",
    "82540em",
    "82543gc",
    "82544gc",
    "82545em",
    "i82540em",
    "i82543gc",
    "i82545em",
    "e100082540em",
    "e100082545em",
  ],
  e1000e: ["e1000e", "82574l", "i82574l", "82583v"],
  pcnet: ["pcnet", "pcnet32", "pcnetpci", "pcnetfast3", "am79c970a", "am79c973", "am79c960", "vlance"],
  vmxnet: ["vmxnet", "vmxnet2", "flexible"],
  vmxnet3: ["vmxnet3"],
  virtio: ["virtio", "virtionet", "virtionetpci"],
  rtl8139: ["rtl8139", "rtl8139cp"],
  tulip: ["tulip", "legacy", "dec21140", "emulated"],
  hyperv: ["hyperv", "synthetic", "netvsc"],
  xen: ["xen", "netfront", "xennet"],
};

const SCSI_WORDS: Readonly<Record<ScsiChip, readonly string[]>> = {
  "53c1030": ["lsilogic", "lsiscsi", "53c1030", "lsi53c1030"],
  buslogic: ["buslogic"],
  sas1068: ["lsisas1068", "lsilogicsas", "mptsas1068", "sas1068", "lsisas"],
  pvscsi: ["pvscsi", "vmpvscsi", "virtualscsi", "paravirtual"],
  "53c895a": ["lsi53c895a", "lsi", "53c895a"],
  "53c810": ["lsi53c810", "53c810"],
  megasas: ["megasas", "lsisas1078"],
  virtio: ["virtioscsi", "virtioscsipci", "virtioscsisingle"],
  hyperv: ["synthetic", "storvsc"],
  xen: ["xen", "xenblk"],
};

/** The chip that a NIC model names, or `null` where the word is not known. */
export function nicChip(model: string): NicChip | null {
  return find(NIC_WORDS, model);
}

/** The chip that a SCSI controller model names, or `null` where the word is not known. */
export function scsiChip(model: string): ScsiChip | null {
  return find(SCSI_WORDS, model);
}

/** The kind of a USB controller, by its programming interface. */
export function usbChip(model: string): "xhci" | "ehci" | "uhci" {
  const word = model.toLowerCase();
  if (word.includes("xhci")) return "xhci";
  return word.includes("ehci") ? "ehci" : "uhci";
}

function find<C extends string>(table: Readonly<Record<C, readonly string[]>>, model: string): C | null {
  const word = model.toLowerCase().replace(/[^a-z0-9]/g, "");
  for (const chip of Object.keys(table) as C[]) if (table[chip].includes(word)) return chip;
  return null;
}
