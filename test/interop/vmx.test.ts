/** VMX files that were written, as the reader of libvirt has them; and machines of VMware whose disks are chains of snapshots. */
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, describe, it, test } from "node:test";
import type { Machine } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import { samples } from "../../src/appliance/testing/samples.js";
import { exportVmware } from "../../src/platforms/vmware/export.js";
import { targets } from "../../src/targets/targets.js";
import { startFerry } from "../support/ferry.js";
import { lacking, peerPath } from "./peers.js";
import { run } from "./run.js";
import { scratch } from "./scratch.js";

const ferry = startFerry();
after(() => ferry.close());

/** Words of libvirt for the chips of SCSI controllers. */
const SCSI_MODELS: Readonly<Record<string, string>> = {
  lsilogic: "lsilogic",
  lsisas1068: "lsisas1068",
  buslogic: "buslogic",
  pvscsi: "vmpvscsi",
};

/** What libvirt's reader of VMX knows of a machine, in words of its domain. It passes NVMe over. */
interface Told {
  readonly name: string;
  readonly memoryKiB: number;
  readonly cpus: number;
  readonly firmware: string | null;
  /** The first one's model: others are not told. */
  readonly scsi: string | null;
  /** Sorted. */
  readonly drives: readonly string[];
  readonly cards: readonly string[];
}

function parseDomain(xml: string): Told {
  const one = (pattern: RegExp): string | null => pattern.exec(xml)?.[1] ?? null;
  const attribute = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? "";
  const all = (element: string): string[] => xml.match(new RegExp(`<${element}[ >][^]*?</${element}>`, "g")) ?? [];
  return {
    name: one(/<name>(.*)<\/name>/) ?? "",
    memoryKiB: Number(one(/<memory unit='KiB'>(\d+)/)),
    cpus: Number(one(/<vcpu[^>]*>(\d+)/)),
    firmware: one(/<os firmware='(\w+)'/),
    scsi: one(/<controller type='scsi' index='0' model='(\w+)'/),
    drives: all("disk")
      .filter((disk) => disk.includes("<source file="))
      .map((disk) => {
        const place = attribute(disk, /<address type='drive' ([^/]*)\/>/);
        const number = (name: string): number => Number(attribute(place, new RegExp(`${name}='(\\d+)'`)));
        const bus = attribute(disk, /bus='(\w+)'/);
        // Of IDE the controller is a bus. Drives of SCSI are told by their letters: addresses are made of them anew, all on the first controller.
        const at =
          bus === "scsi"
            ? attribute(disk, /<target dev='(\w+)'/)
            : `${number(bus === "ide" ? "bus" : "controller")}:${number("unit")}`;
        return `${attribute(disk, /device='(\w+)'/)} ${bus} ${at} ${attribute(disk, /<source file='([^']*)'/)}`;
      })
      .sort(),
    cards: all("interface").map((card) => {
      const mac = /type='generated'/.test(card) ? "" : attribute(card, /<mac address='([^']*)'/);
      return `${attribute(card, /<model type='(\w+)'/)} ${mac}`;
    }),
  };
}

/** Fifteen drives on each controller: the address of the controller itself, 7, has no letter. */
function scsiLetter(controller: number, slot: number): string {
  return `sd${String.fromCharCode(97 + controller * 15 + (slot > 7 ? slot - 1 : slot))}`;
}

/** What it has to tell of a machine that was fitted. */
function meant(machine: Machine, names: ReadonlyMap<string, string>): Told {
  const drives = machine.attachments.flatMap(({ device, disk, file, controller, slot }) => {
    const on = machine.controllers.find(({ id }) => id === controller);
    const name = names.get(disk ?? file ?? "") ?? "";
    // Libvirt has several words for empty drives.
    if (on === undefined || on.bus === "nvme" || name === "") return [];
    const at = on.bus === "scsi" ? scsiLetter(on.index, slot ?? 0) : `${on.index}:${slot}`;
    return [`${device} ${device === "floppy" ? "fdc" : on.bus} ${at} ${name}`];
  });
  return {
    name: machine.name,
    memoryKiB: machine.memoryBytes / 1024,
    cpus: machine.cpu.count,
    firmware: machine.firmware === "bios" ? null : "efi",
    scsi: SCSI_MODELS[machine.controllers.find(({ bus, index }) => bus === "scsi" && index === 0)?.model ?? ""] ?? null,
    drives: drives.sort(),
    cards: machine.nics.map(({ model, mac }) => `${model} ${mac ?? ""}`),
  };
}

/** The domain that libvirt makes of a VMX file. Its driver for VMware asks the programs of a Player which version they are, and nothing else. */
async function domainOf(vmx: string, folder: string): Promise<string> {
  const programs = join(folder, "bin");
  await mkdir(programs, { recursive: true });
  for (const [name, says] of [
    ["vmplayer", "VMware Player 17.0.0 build-1"],
    ["vmrun", "Total running VMs: 0"],
  ] as const) {
    await writeFile(join(programs, name), `#!/bin/sh\necho "${says}"\n`);
    await chmod(join(programs, name), 0o755);
  }
  const { stdout } = await run(
    await peerPath("virsh"),
    ["-c", "vmwareplayer:///session", "domxml-from-native", "vmware-vmx", vmx],
    {
      env: { PATH: `${programs}${delimiter}${process.env.PATH ?? ""}`, XDG_RUNTIME_DIR: folder, HOME: folder },
      timeout: 30_000,
    },
  );
  return stdout;
}

test("libvirt's reader finds in our VMX files what was written", {
  skip: await lacking("virsh"),
  timeout: 120_000,
}, async (t) => {
  const folder = await scratch(t, "vmx-native");
  const target = targets.get("workstation-17");
  for (const [name, sample] of Object.entries(samples)) {
    const { appliance: fitted, shapes } = fit(sample(), target);
    const plan = exportVmware(fitted, shapes, target, {});
    const names = new Map([
      ...plan.disks.map((disk) => [disk.disk, disk.name] as const),
      ...plan.files.map((file) => [file.asset, file.name] as const),
    ]);
    const written = plan.configs.filter((config) => config.name.endsWith(".vmx"));
    assert.equal(written.length, fitted.machines.length);
    for (const [index, machine] of fitted.machines.entries()) {
      const config = written[index] ?? assert.fail();
      // Libvirt refuses the word for networks of the host alone.
      const text = new TextDecoder().decode(config.bytes).replaceAll('"hostonly"', '"nat"');
      const file = join(folder, config.name);
      await writeFile(file, text);
      assert.deepEqual(parseDomain(await domainOf(file, folder)), meant(machine, names), name);
    }
  }
});

describe("a machine whose disk is a chain of snapshots", async () => {
  const skip = await lacking("qemu-img", "qemu-io");
  for (const subformat of ["monolithicSparse", "twoGbMaxExtentSparse", "monolithicFlat", "twoGbMaxExtentFlat"]) {
    it(`over ${subformat} goes everywhere as it is now`, { skip, timeout: 120_000 }, async (t) => {
      const folder = await scratch(t, "vmx-chain");
      const machine = join(folder, "web");
      await mkdir(machine);
      const img = async (...args: string[]): Promise<string> =>
        (await run(await peerPath("qemu-img"), args, { cwd: machine, timeout: 60_000 })).stdout;
      const io = async (file: string, command: string): Promise<unknown> =>
        run(await peerPath("qemu-io"), ["-f", "vmdk", "-c", command, file], { cwd: machine, timeout: 60_000 });
      await img("create", "-q", "-f", "vmdk", "-o", `subformat=${subformat}`, "web.vmdk", "24M");
      await io("web.vmdk", "write -P 1 0 2M");
      await img("create", "-q", "-f", "vmdk", "-b", "web.vmdk", "-F", "vmdk", "web-000001.vmdk");
      await io("web-000001.vmdk", "write -P 2 1M 192k");
      await img("create", "-q", "-f", "vmdk", "-b", "web-000001.vmdk", "-F", "vmdk", "web-000002.vmdk");
      await io("web-000002.vmdk", "write -P 3 20M 64k");
      const settings = {
        "config.version": "8",
        "virtualHW.version": "19",
        guestOS: "debian12-64",
        displayName: "web",
        memSize: "512",
        "scsi0.present": "TRUE",
        "scsi0.virtualDev": "lsilogic",
        "scsi0:0.present": "TRUE",
        "scsi0:0.fileName": "web-000002.vmdk",
        "floppy0.present": "FALSE",
      };
      const vmx = Object.entries(settings).map(([name, value]) => `${name} = "${value}"\n`);
      await writeFile(join(machine, "web.vmx"), vmx.join(""));
      for (const [to, ending] of [
        ["libvirt", ".qcow2"],
        ["virtualbox", ".vdi"],
        ["hyperv", ".vhdx"],
        ["vmware", ".vmdk"],
      ] as const) {
        const out = join(folder, to);
        const { outcome, plan } = await ferry.convert(machine, out, { to, prove: true });
        assert.deepEqual(
          outcome.proof?.map(({ equal }) => equal),
          [true],
          to,
        );
        const disk = plan.files.find(({ name }) => name.endsWith(ending))?.name ?? "";
        assert.match(await img("compare", "web-000002.vmdk", join(out, disk)), /identical/, to);
        if (to === "vmware") assert.doesNotMatch(await readFile(join(out, disk), "latin1"), /parentFileNameHint/);
      }
    });
  }
});
