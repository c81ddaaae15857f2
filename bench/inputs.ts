import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import * as path from "node:path";
import type { Inputs } from "./rows.js";

const GIB = 2 ** 30;
const MEMBER = "bench-disk1.vmdk";

function run(program: string, args: readonly string[], cwd?: string): void {
  execFileSync(program, args, {
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 20 * 60 * 1000,
    ...(cwd ? { cwd } : {}),
  });
}

/** Bytes below a folder, by `du`. */
function bytesBelow(folder: string): number {
  return Number(execFileSync("du", ["-sxB1", folder], { encoding: "utf8", timeout: 120_000 }).split("\t")[0]);
}

/** Copies folders of this machine until there are 1.5 to 2 GB of real files. */
function stageFiles(stage: string): void {
  mkdirSync(stage, { recursive: true });
  let total = 0;
  const candidates = ["/usr/lib", "/usr/share", "/usr/bin", "/usr/include", "/usr/sbin"].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [],
  );
  for (const candidate of candidates) {
    if (total > 1.7 * GIB) return;
    const bytes = bytesBelow(candidate);
    if (bytes > 0.4 * GIB || total + bytes > 1.9 * GIB) continue;
    run("cp", ["-a", candidate, path.join(stage, candidate.replaceAll("/", "_"))]);
    total += bytes;
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function descriptorFor(size: number): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
  xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
  <References><File ovf:id="file1" ovf:href="${MEMBER}" ovf:size="${size}"/></References>
  <DiskSection><Info>Disks</Info>
    <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="${8 * GIB}" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/>
  </DiskSection>
  <VirtualSystem ovf:id="bench"><Info>A machine</Info><Name>bench</Name>
    <OperatingSystemSection ovf:id="96"><Info>Guest</Info></OperatingSystemSection>
    <VirtualHardwareSection><Info>Hardware</Info>
      <System><vssd:ElementName>Hardware</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID><vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType></System>
      <Item><rasd:ElementName>2 CPUs</rasd:ElementName><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
      <Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:ElementName>Memory</rasd:ElementName><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>2048</rasd:VirtualQuantity></Item>
      <Item><rasd:Address>0</rasd:Address><rasd:ElementName>SCSI</rasd:ElementName><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceSubType>lsilogic</rasd:ResourceSubType><rasd:ResourceType>6</rasd:ResourceType></Item>
      <Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:ElementName>Disk</rasd:ElementName><rasd:HostResource>ovf:/disk/disk1</rasd:HostResource><rasd:InstanceID>4</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`;
}

/** Makes what the rows start from, once: the raw disk, its stream (by qemu-img), and an OVA of that (by tar). */
export async function makeInputs(folder: string): Promise<Inputs> {
  mkdirSync(folder, { recursive: true });
  const inputs: Inputs = {
    folder,
    raw: path.join(folder, "bench.raw"),
    stream: path.join(folder, MEMBER),
    ova: path.join(folder, "bench.ova"),
    member: MEMBER,
    compressed: path.join(folder, "bench-packed.qcow2"),
  };
  if (!existsSync(inputs.raw)) {
    const stage = path.join(folder, "stage");
    stageFiles(stage);
    writeFileSync(`${inputs.raw}.part`, "");
    truncateSync(`${inputs.raw}.part`, 8 * GIB);
    run("mke2fs", ["-q", "-t", "ext4", "-d", stage, `${inputs.raw}.part`]);
    rmSync(stage, { recursive: true });
    run("mv", [`${inputs.raw}.part`, inputs.raw]);
  }
  if (!existsSync(inputs.stream)) {
    const options = ["-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized"];
    run("qemu-img", ["convert", ...options, inputs.raw, `${inputs.stream}.part`]);
    run("mv", [`${inputs.stream}.part`, inputs.stream]);
  }
  if (!existsSync(inputs.compressed)) {
    run("qemu-img", ["convert", "-c", "-f", "raw", "-O", "qcow2", inputs.raw, `${inputs.compressed}.part`]);
    run("mv", [`${inputs.compressed}.part`, inputs.compressed]);
  }
  if (!existsSync(inputs.ova)) {
    const descriptor = descriptorFor(statSync(inputs.stream).size);
    writeFileSync(path.join(folder, "bench.ovf"), descriptor);
    const lines = [
      `SHA256(bench.ovf)= ${createHash("sha256").update(descriptor).digest("hex")}`,
      `SHA256(${MEMBER})= ${await sha256(inputs.stream)}`,
    ];
    writeFileSync(path.join(folder, "bench.mf"), `${lines.join("\n")}\n`);
    run("tar", ["--format=ustar", "-cf", inputs.ova, "bench.ovf", MEMBER, "bench.mf"], folder);
  }
  return inputs;
}
