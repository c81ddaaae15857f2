/** What a made-up vCenter exports: leases on machines that are there, descriptors, downloads. Written from documentation (vSphere Web Services API Reference). */
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { XmlElement } from "../../src/xml/tree.js";
import { all, type FakeLease, type FakeMachine, type FakeVcenter, text, VimFault } from "./vsphere-objects.js";

/** Bytes that are sent at a time. */
const CHUNK = 4096;

/** Disks of a machine: what was uploaded as a VMDK. */
function disksOf({ uploads }: FakeMachine): readonly (readonly [key: string, bytes: Buffer])[] {
  return [...uploads].flatMap(([key, { bytes }]) => {
    const disk = Buffer.from(bytes ?? []);
    return disk.subarray(0, 4).toString("latin1") === "KDMV" ? [[key, disk] as const] : [];
  });
}

/** ExportVm: a lease that leaves the machine alone, whatever becomes of it. */
export function exportMachine(center: FakeVcenter, id: string, number: number): string {
  const machine = center.machine(id);
  if (machine.power !== "poweredOff") throw new VimFault("InvalidPowerState", "The machine is on.");
  if (machine.lease !== null) throw new VimFault("TaskInProgress", "Another task is in progress.");
  const lease: FakeLease = {
    ...{ id: `session[export]${number}`, machine, state: "initializing", error: null, looks: 0, told: [] },
    ...{ alive: Date.now(), algorithm: "sha1", exports: true },
  };
  machine.lease = lease.id;
  center.leases.set(lease.id, lease);
  const value = (type: string, inner: string): string => `<val xsi:type="${type}">${inner}</val>`;
  center.add("HttpNfcLease", lease.id, null, {
    state: () => {
      if (lease.state === "initializing" && ++lease.looks > 1) lease.state = "ready";
      return value("xsd:string", lease.state);
    },
    error: () => (lease.error === null ? null : center.errorOf(lease.error)),
    info: () => {
      const { url, thumbprint } = center.nfc();
      const list = disksOf(machine).map(
        ([key], i) =>
          `<deviceUrl><key>${key}</key><importKey></importKey><url>${url}/nfc/${encodeURIComponent(lease.id)}/disk-${i}.vmdk</url><sslThumbprint>${thumbprint}</sslThumbprint><disk>true</disk><targetId>disk-${i}.vmdk</targetId></deviceUrl>`,
      );
      return value(
        "HttpNfcLeaseInfo",
        `<lease type="HttpNfcLease">${lease.id}</lease><entity type="VirtualMachine">${id}</entity>${list.join("")}<totalDiskCapacityInKB>8192</totalDiskCapacityInKB><leaseTimeout>${center.options.leaseTimeout ?? 30}</leaseTimeout>`,
      );
    },
  });
  return `<returnval type="HttpNfcLease">${lease.id}</returnval>`;
}

/** CreateDescriptor: a machine with the disks that are named. */
export function descriptorOf(center: FakeVcenter, call: XmlElement): string {
  const machine = center.machine(text(call, "obj"));
  const files = all(all(call, "cdp")[0], "ovfFiles").map((file) => {
    if (!machine.uploads.has(text(file, "deviceId"))) throw new VimFault("InvalidArgument", "ovfFiles.deviceId");
    return { path: text(file, "path"), size: text(file, "size") };
  });
  const descriptor = `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
<References>${files.map(({ path, size }, i) => `<File ovf:href="${path}" ovf:id="file${i}" ovf:size="${size}"/>`).join("")}</References>
<DiskSection><Info>Disks</Info>${files.map((_, i) => `<Disk ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^20" ovf:diskId="disk${i}" ovf:fileRef="file${i}" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>`).join("")}</DiskSection>
<VirtualSystem ovf:id="${machine.name}"><Info>A machine</Info><Name>${machine.name}</Name><VirtualHardwareSection><Info>Hardware</Info>
<System><vssd:ElementName>Family</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID><vssd:VirtualSystemIdentifier>${machine.name}</vssd:VirtualSystemIdentifier><vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType></System>
<Item><rasd:ElementName>1 CPU</rasd:ElementName><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>
<Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:ElementName>64 MB</rasd:ElementName><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>64</rasd:VirtualQuantity></Item>
<Item><rasd:Address>0</rasd:Address><rasd:ElementName>SCSI 0</rasd:ElementName><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceSubType>lsilogic</rasd:ResourceSubType><rasd:ResourceType>6</rasd:ResourceType></Item>
${files.map((_, i) => `<Item><rasd:AddressOnParent>${i}</rasd:AddressOnParent><rasd:ElementName>Disk ${i}</rasd:ElementName><rasd:HostResource>ovf:/disk/disk${i}</rasd:HostResource><rasd:InstanceID>${10 + i}</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>`).join("")}
</VirtualHardwareSection></VirtualSystem></Envelope>`;
  const escaped = descriptor.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return `<returnval><ovfDescriptor>${escaped}</ovfDescriptor><warning><fault xsi:type="OvfUnsupportedElement"/><localizedMessage>A device is left out.</localizedMessage></warning></returnval>`;
}

/** Sends a disk, in chunks of which nobody knows beforehand how many come. */
export async function sendDisk(
  center: FakeVcenter,
  faults: { readonly cutDownload?: number; readonly bytesPerSecond?: number },
  path: string,
  response: ServerResponse,
): Promise<void> {
  const [, , id = "", name = ""] = path.split("/");
  const lease = center.leases.get(decodeURIComponent(id));
  const disk = lease?.state === "ready" ? disksOf(lease.machine)[Number(/\d+/.exec(name)?.[0])]?.[1] : undefined;
  if (disk === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-type": "application/x-vnd.vmware-streamVmdk" });
  for (let at = 0; at < disk.length && !response.destroyed; at += CHUNK) {
    if (faults.cutDownload !== undefined && at >= faults.cutDownload) {
      // What was sent is to arrive before the end does.
      await sleep(100);
      response.destroy();
      return;
    }
    response.write(disk.subarray(at, at + CHUNK));
    if (faults.bytesPerSecond !== undefined) await sleep((1000 * CHUNK) / faults.bytesPerSecond);
  }
  response.end();
}
