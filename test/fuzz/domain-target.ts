import { readdir, readFile } from "node:fs/promises";
import type { Appliance } from "../../src/appliance/appliance.js";
import { fit } from "../../src/appliance/fit.js";
import type { Context } from "../../src/io/context.js";
import { libvirtPlatform } from "../../src/platforms/libvirt/platform.js";
import type { ConfigFiles, Platform } from "../../src/platforms/platform.js";
import { platforms } from "../../src/platforms/platforms.js";
import { xenPlatform } from "../../src/platforms/xen/platform.js";
import { targets } from "../../src/targets/targets.js";
import type { FuzzTarget } from "./target.js";

/** Files that are found by every second name. */
const someFiles: ConfigFiles = {
  find: (path) => (path.length % 2 === 0 ? { name: path, size: 512 } : undefined),
};

/** Configurations of the golden files of a platform. */
export async function goldenConfigs(platform: string, ending: RegExp): Promise<readonly Uint8Array[]> {
  const root = `test/fixtures/golden/${platform}`;
  const seeds: Uint8Array[] = [];
  for (const sample of (await readdir(root)).sort()) {
    for (const file of await readdir(`${root}/${sample}`)) {
      if (ending.test(file)) seeds.push(new Uint8Array(await readFile(`${root}/${sample}/${file}`)));
    }
  }
  return seeds;
}

/** Throws where an appliance names what it does not hold. */
export function checkWhole({ machines, disks, files }: Appliance): void {
  const [diskIds, fileIds] = [new Set(disks.map(({ id }) => id)), new Set(files.map(({ id }) => id))];
  if (diskIds.size !== disks.length || fileIds.size !== files.length) throw new Error("two of one id");
  for (const { controllers, attachments, nics, boot, memoryBytes, cpu, nvram } of machines) {
    const ids = new Set(controllers.map(({ id }) => id));
    const places = new Set<string>();
    for (const { controller, slot, disk, file } of attachments) {
      if (controller !== null && !ids.has(controller)) throw new Error("a drive on a controller that is not there");
      if (controller !== null && places.has(`${controller} ${slot}`)) throw new Error("two drives in one place");
      places.add(`${controller} ${slot}`);
      if (disk !== null && !diskIds.has(disk)) throw new Error("a drive without its disk");
      if (file !== null && !fileIds.has(file)) throw new Error("a drive without its image");
    }
    if (nvram !== null && !fileIds.has(nvram)) throw new Error("a memory of the firmware that is not there");
    for (const { device, index } of boot) {
      if (index !== null && index >= (device === "network" ? nics : attachments).length)
        throw new Error("boots nothing");
    }
    if (!Number.isSafeInteger(memoryBytes) || !Number.isSafeInteger(cpu.count)) throw new Error("no amount");
  }
}

/** One export of an appliance, another one for each size of the input. Fitted, each drive has a place of its own. */
export async function exportOne(appliance: Appliance, size: number, ctx: Context): Promise<void> {
  const writers = platforms.all.filter((one) => one.exportConfig !== undefined && one.defaultTarget !== null);
  for (const platform of writers.slice(size % writers.length).slice(0, 1)) {
    if (platform.exportConfig === undefined || platform.defaultTarget === null) continue;
    const target = targets.get(platform.defaultTarget);
    const fitted = fit(appliance, target);
    // What a target cannot take has no place in it.
    if (!fitted.notes.some(({ severity }) => severity === "error")) checkWhole(fitted.appliance);
    await platform.exportConfig(fitted.appliance, fitted.shapes, target, {}, ctx);
  }
}

/** A configuration of a platform: read, with some of its files found, and written for another one. */
export function configTarget(name: string, platform: Platform, seeds: FuzzTarget["seeds"]): FuzzTarget {
  return {
    name,
    seeds,
    async run(bytes, ctx) {
      const config = platform.readConfig?.({ name: "fuzz", label: "fuzz", bytes }, ctx);
      if (config === undefined) return;
      const appliance = config.appliance(someFiles, (finding) => ctx.report(finding));
      checkWhole(appliance);
      await exportOne(appliance, bytes.length, ctx);
    },
  };
}

/** Domains of libvirt. */
export const domainTarget: FuzzTarget = configTarget("domain", libvirtPlatform, () =>
  goldenConfigs("libvirt", /\.xml$/),
);

/** In the ways of xl and of xm. */
const XL: readonly string[] = [
  "name = 'a'\ntype = \"hvm\"\nmemory = 512 # MiB\nmaxmem=0x400\nvcpus = 2\nmaxvcpus=4\ndisk = [ '/i/a.qcow2,qcow2,hda,rw', 'format=raw, vdev=hdc, devtype=cdrom, target=/i/x,y.iso' ]\nvif = [ 'mac=00:16:3e:00:00:01,bridge=br0,model=e1000', '' ]\nboot=\"dc\"\nserial=['pty','tcp:h:1,server']\n",
  'name="p"\nkernel="/k"\nramdisk="/r"\nroot="/dev/xvda1 ro"\nextra="x"\nmemory=128\ndisk=["phy:/dev/vg/a,xvda,w","file:/i/b.img,sda1,w!"]\ntst = [ 1, [ 2, 3 ], ]\n',
  'builder = \'hvm\'\nkernel = "hvmloader"\ndisk = [ """phy:/dev/a\'",hdb,w""", ",hdc:cdrom,r" ]\nfda=\'/f.img\'\nsoundhw = \'sb16,es1370\'\nvcpus=4; vcpu_avail=5\ndisk += [ \'/c,,sdb\' ]\n',
];

/** Configurations of xl. */
export const xlTarget: FuzzTarget = configTarget("xl", xenPlatform, async () =>
  XL.map((text) => new TextEncoder().encode(text)),
);
