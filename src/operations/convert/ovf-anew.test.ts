import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { hasCode } from "../../../test/support/errors.js";
import { diskFile } from "../../../test/support/packages.js";
import { Workshop } from "../../../test/support/workshop.js";
import type { ImageShape } from "../../disk/testing/images.js";

const shop = new Workshop();
after(() => shop.close());
const shape: ImageShape = { sectors: 16_384, runs: [{ sector: 100, sectors: 700, content: "text" }] };
const stream = await diskFile("vmdk", "streamOptimized", shape);
const sparse = await diskFile("vmdk", "monolithicSparse", shape);

/** A machine of VMware by the lines of its file. */
function vmx(lines: Readonly<Record<string, string>>): string {
  const all = {
    ".encoding": "UTF-8",
    "config.version": "8",
    "virtualHW.version": "14",
    displayName: "web 1",
    guestOS: "debian12-64",
    memSize: "512",
    numvcpus: "2",
    "scsi0.present": "TRUE",
    "scsi0.virtualDev": "pvscsi",
    "scsi0:0.present": "TRUE",
    "scsi0:0.fileName": "disk.vmdk",
    "ethernet0.present": "TRUE",
    "ethernet0.virtualDev": "vmxnet3",
    "ethernet0.networkName": "VM Network",
    ...lines,
  };
  return Object.entries(all)
    .map(([key, value]) => `${key} = "${value}"\n`)
    .join("");
}

function source(disk: Uint8Array, lines: Readonly<Record<string, string>> = {}): string {
  return join(shop.folder({ "web.vmx": new TextEncoder().encode(vmx(lines)), "disk.vmdk": disk }), "web.vmx");
}

describe("a package of a machine that had none", () => {
  it("has one descriptor for all, and the disk packed", async () => {
    const folder = shop.fresh();
    const { plan, outcome } = await shop.convert(source(sparse, { firmware: "efi" }), folder, {
      to: "ovf",
      prove: true,
    });
    assert.deepEqual(
      outcome.files.map(({ name }) => name),
      ["web-1.ovf", "web-1-disk1.vmdk", "web-1.mf"],
    );
    assert.deepEqual(
      plan.losses.filter(({ severity }) => severity === "warning").map(({ code }) => code),
      [],
    );
    const text = readFileSync(join(folder, "web-1.ovf"), "utf8");
    for (const part of [
      'vmw:osType="debian12_64Guest"',
      "<vssd:VirtualSystemType>vmx-14</",
      "<rasd:ResourceSubType>VirtualSCSI</",
      "<rasd:ResourceSubType>VmxNet3</",
      '<vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>',
      '<Network ovf:name="VM Network"/>',
    ]) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
    const { appliance, diagnostics } = await shop.inspect(folder);
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity !== "info"),
      [],
    );
    assert.equal(appliance?.machines[0]?.firmware, "efi");
  });

  it("keeps a disk as it is that is packed already, and is the same bytes each time", async () => {
    const from = source(stream);
    const [first, second] = [shop.fresh(".ova"), shop.fresh(".ova")];
    await shop.convert(from, first, { to: "ova", prove: true });
    await shop.convert(from, second, { to: "ova" });
    const bytes = readFileSync(first);
    assert.ok(bytes.equals(readFileSync(second)));
    assert.ok(bytes.includes(Buffer.from(stream)), "the disk's own bytes are in the archive");
  });

  it("has VirtualBox's own settings for VirtualBox, which say what the items cannot", async () => {
    const lines = {
      firmware: "efi",
      "cpuid.coresPerSocket": "2",
      "sound.present": "TRUE",
      "sound.virtualDev": "hdaudio",
      "vtpm.present": "TRUE",
      "vhv.enable": "TRUE",
      "uuid.bios": "56 4d 11 22 33 44 55 66-77 88 99 aa bb cc dd ee",
      "scsi0:1.present": "TRUE",
      "scsi0:1.deviceType": "cdrom-image",
      "scsi0:1.fileName": "tools.iso",
      "ethernet0.networkName": "",
      "ethernet0.connectionType": "nat",
    };
    const folder = shop.folder({
      "web.vmx": new TextEncoder().encode(vmx(lines)),
      "disk.vmdk": sparse,
      "tools.iso": new Uint8Array(40_960),
    });
    const result = shop.fresh();
    const { plan } = await shop.convert(folder, result, { to: "ovf", flavour: "virtualbox", prove: true });
    const codes = plan.losses.map(({ code }) => code);
    for (const gone of ["ovf/firmware-dropped", "ovf/boot-order-dropped", "platform/fact-dropped"]) {
      assert.ok(!codes.some((code) => code === gone), codes.join(" "));
    }
    const text = readFileSync(join(result, "web-1.ovf"), "utf8");
    // Each drive's image is among the disks, by the same UUID.
    const wanted = [...text.matchAll(/<Image uuid="\{([^}]+)\}"/g)].map(([, uuid]) => uuid);
    const there = [...text.matchAll(/ vbox:uuid="([^"]+)"/g)].map(([, uuid]) => uuid);
    assert.equal(wanted.length, 2, text);
    assert.deepEqual([...wanted].sort(), [...there].sort());
    const { appliance, diagnostics } = await shop.inspect(result);
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity !== "info"),
      [],
    );
    const [machine] = appliance?.machines ?? [];
    assert.equal(machine?.firmware, "efi");
    // That all of them are one socket is VirtualBox's way, which its packages do not say.
    assert.ok(codes.includes("ovf/sockets-dropped"));
    const again = shop.fresh();
    const { plan: back } = await shop.convert(result, again, { to: "vmware" });
    const [read] = back.appliance?.machines ?? [];
    assert.equal(read?.tpm, "2.0");
    assert.equal(read?.uuid, "564d1122-3344-5566-7788-99aabbccddee");
    assert.equal(read?.cpu.nested, true);
    assert.equal(read?.sound?.toLowerCase().includes("hda"), true, String(read?.sound));
    assert.equal(read?.nics[0]?.kind, "nat");
  });

  it("has the boot order for VirtualBox in the first generation, too", async () => {
    const result = shop.fresh();
    const { plan } = await shop.convert(source(sparse, { "bios.bootOrder": "ethernet0,hdd" }), result, {
      to: "ovf",
      flavour: "virtualbox",
    });
    assert.ok(!plan.losses.some(({ code }) => code === "ovf/boot-order-dropped"));
    const { plan: back } = await shop.convert(result, shop.fresh(), { to: "virtualbox" });
    assert.deepEqual(
      back.appliance?.machines[0]?.boot.map(({ device }) => device),
      ["network", "disk"],
    );
  });

  it("says what the standard alone cannot hold", async () => {
    const from = source(stream, { firmware: "efi", "cpuid.coresPerSocket": "2", "sound.present": "TRUE" });
    const { plan } = await shop.convert(from, shop.fresh(), { to: "ovf", flavour: "strict" });
    const codes = plan.losses.map(({ code }) => code);
    assert.ok(codes.includes("ovf/firmware-dropped"), codes.join(" "));
    assert.ok(codes.includes("ovf/sockets-dropped"), codes.join(" "));
  });

  it("is not written in a version that its importer does not read", async () => {
    await assert.rejects(
      shop.convert(source(stream), shop.fresh(".ova"), { to: "ova", flavour: "vsphere", version: "2.0" }),
      hasCode("ovf/version-not-read"),
    );
  });

  it("is by the standard alone in the second generation, unless a consumer is named", async () => {
    const folder = shop.fresh();
    await shop.convert(source(stream), folder, { to: "ovf", version: "2.0" });
    const text = readFileSync(join(folder, "web-1.ovf"), "utf8");
    assert.ok(text.includes('xmlns="http://schemas.dmtf.org/ovf/envelope/2"'));
    assert.ok(!text.includes("vmware.com/schema"));
  });
});
