import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { hasCode } from "../../../test/support/errors.js";
import { descriptorOf, diskFile, packageOf } from "../../../test/support/packages.js";
import { type Worked, Workshop } from "../../../test/support/workshop.js";
import type { ImageShape } from "../../disk/testing/images.js";
import type { FlavourId } from "../../platforms/ovf/flavours.js";

const shop = new Workshop();
after(() => shop.close());
const shape: ImageShape = { sectors: 16_384, runs: [{ sector: 100, sectors: 700, content: "text" }] };
const stream = await diskFile("vmdk", "streamOptimized", shape);
const plain = descriptorOf([
  {
    href: "disk.vmdk",
    use: "disk",
    disk: 'ovf:capacity="8388608" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"',
  },
]);

interface Made extends Worked {
  readonly lines: readonly string[];
  readonly codes: readonly string[];
}

async function made(descriptor: string, flavour: FlavourId): Promise<Made> {
  const destination = shop.fresh();
  const source = shop.archive(packageOf(descriptor, { "disk.vmdk": stream }));
  const worked = await shop.convert(source, destination, { to: "ovf", flavour, prove: true });
  const lines = readFileSync(join(destination, "box.ovf"), "utf8").split("\n");
  return { ...worked, lines, codes: worked.plan.losses.map(({ code }) => code) };
}

/** Lines that are not those of the source. */
function changed({ lines }: Made, descriptor: string): readonly string[] {
  const before = new Set(descriptor.split("\n"));
  return lines.filter((line) => !before.has(line)).map((line) => line.trim());
}

describe("a package that is made for one consumer", () => {
  it("stays byte for byte what it was where that takes it as it is", async () => {
    for (const flavour of ["vsphere", "virtualbox"] as const) {
      const result = await made(plain, flavour);
      assert.deepEqual(changed(result, plain), [], flavour);
      assert.deepEqual(result.codes, [], flavour);
    }
  });

  it("says what VirtualBox would refuse in the way that it reads, and names each change", async () => {
    const descriptor = plain
      .replace("byte * 2^20", "byte*2^20")
      .replace(/ovf:capacity="8388608"/, 'ovf:capacity="8" ovf:capacityAllocationUnits="byte * 2^20"')
      .replace(
        "</VirtualHardwareSection>",
        "<Item>\n<rasd:ElementName>port</rasd:ElementName><rasd:InstanceID>99</rasd:InstanceID><rasd:ResourceType>21</rasd:ResourceType></Item>\n</VirtualHardwareSection>",
      );
    const result = await made(descriptor, "virtualbox");
    const now = changed(result, descriptor);
    assert.equal(now.length, 3, now.join("\n"));
    assert.match(now.join("\n"), /ovf:capacity="8388608"/);
    assert.match(now.join("\n"), /AllocationUnits>byte \* 2\^20</);
    assert.match(now.join("\n"), /<Item ovf:required="false">/);
    assert.deepEqual(result.codes, ["convert/flavoured", "convert/flavoured", "convert/flavoured"]);
  });

  it("keeps the hardware of the consumer's own family where there are several", async () => {
    const section = /<VirtualHardwareSection>[\s\S]*<\/VirtualHardwareSection>/.exec(plain)?.[0] ?? "";
    const other = section.replace("vmx-13", "virtualbox-2.2");
    const both = plain.replace(section, `${section}\n${other}`);
    const forBox = await made(both, "virtualbox");
    assert.deepEqual(forBox.codes, ["convert/hardware-dropped"]);
    assert.ok(!forBox.lines.join("\n").includes("vmx-13"));
    const turned = plain.replace(section, `${other}\n${section}`);
    const forVmware = await made(turned, "vsphere");
    assert.deepEqual(forVmware.codes, ["convert/hardware-dropped"]);
    assert.ok(!forVmware.lines.join("\n").includes("virtualbox-2.2"));
  });

  it("gets VirtualBox's own settings where it boots by EFI, which are all that its importer looks at then", async () => {
    const efi = plain.replace(
      "</VirtualHardwareSection>",
      '<vmw:Config xmlns:vmw="http://www.vmware.com/schema/ovf" ovf:required="false" vmw:key="firmware" vmw:value="efi"/>\n</VirtualHardwareSection>',
    );
    const result = await made(efi, "virtualbox");
    const now = changed(result, efi).join("\n");
    assert.match(now, /<vbox:Machine [^>]*ovf:required="false"/);
    assert.match(now, /<Firmware type="EFI64"\/>/);
    const [, uuid = ""] = /vbox:uuid="([-0-9a-f]{36})"/.exec(now) ?? [];
    assert.match(now, new RegExp(`<Image uuid="\\{${uuid}\\}"`));
    assert.doesNotMatch(now, /<Item/);
    assert.ok(!result.codes.includes("target/firmware-lost"));
  });

  it("gets XenServer's own settings and VHD, and stays the rest of what it was", async () => {
    const efi = plain.replace(
      "</VirtualHardwareSection>",
      '<vmw:Config xmlns:vmw="http://www.vmware.com/schema/ovf" ovf:required="false" vmw:key="firmware" vmw:value="efi"/>\n</VirtualHardwareSection>',
    );
    const result = await made(efi, "xenserver");
    const now = changed(result, efi).join("\n");
    assert.match(now, /Name="HVM_boot_params"[^>]*>/);
    assert.match(now, /Value>firmware=uefi;order=cdn</);
    assert.match(now, /ovf:href="disk.vhd"/);
    assert.match(now, /ovf:format="http:\/\/www.microsoft.com\/technet\/virtualserver\/downloads\/vhdspec.mspx"/);
    assert.doesNotMatch(now, /<Item/);
    assert.deepEqual([...new Set(result.codes)], ["convert/flavoured"]);
    assert.deepEqual(
      result.outcome.proof?.map(({ name, equal }) => [name, equal]),
      [["disk.vhd", true]],
    );
    const [machine] = result.plan.appliance?.machines ?? [];
    assert.equal(machine?.firmware, "efi");
  });

  it("is not written where its importer would refuse it all the same", async () => {
    const descriptor = plain.replace("vmx-13", "vmx-99");
    await assert.rejects(made(descriptor, "vsphere"), hasCode("convert/blocked"));
  });

  it("is written anew in another generation, and by the standard alone", async () => {
    const source = shop.archive(packageOf(plain, { "disk.vmdk": stream }));
    const destination = shop.fresh();
    await shop.convert(source, destination, { to: "ovf", version: "2.0" });
    assert.match(
      readFileSync(join(destination, "box.ovf"), "utf8"),
      /xmlns="http:\/\/schemas.dmtf.org\/ovf\/envelope\/2"/,
    );
    const strict = await made(plain, "strict");
    assert.ok(!strict.lines.join("\n").includes("vmw:"));
  });
});
