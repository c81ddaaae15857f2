/** Every way that machines can take: platforms that are written and read, and packages for each consumer of OVF. */
import { fit } from "../../appliance/fit.js";
import { openOvf } from "../../ovf/document.js";
import { exportOvf } from "../../platforms/ovf/export.js";
import { flavours, type OvfFlavour, profileOf } from "../../platforms/ovf/flavours.js";
import { importOvf } from "../../platforms/ovf/import.js";
import { platforms } from "../../platforms/platforms.js";
import { parseXml } from "../../xml/parse.js";
import { platformWay, type Way } from "./journey.js";
import { embeddedFor } from "./ovf-settings.js";

/** An OVF package for one consumer as a way. */
function ovfWay(flavour: OvfFlavour): Way {
  return {
    id: `ovf-${flavour.id}`,
    label: flavour.label,
    async travel(appliance, ctx) {
      const fitted = fit(appliance, profileOf(flavour));
      const [version = "1.0"] = flavour.versions;
      const exported = exportOvf(fitted.appliance, { flavour, version, ...embeddedFor(fitted, flavour, ctx) });
      const notes = [...fitted.notes, ...exported.notes];
      if (notes.some(({ severity }) => severity === "error")) return null;
      const files = new Map(exported.files.map(({ name }) => [name, 1]));
      const bytes = exported.render({ files, populated: new Map() });
      const document = openOvf(parseXml(bytes, exported.name, ctx.limits), () => {});
      const find = (name: string) => (files.has(name) ? { name, size: 1 } : undefined);
      const facts = { name: appliance.name, find, references: "reported" } as const;
      const back = importOvf(document, facts, {}, () => {});
      const byFile = new Map(exported.files.map(({ name, disk }) => [name, disk]));
      const ids = new Map(exported.disks.map(([disk, id]) => [id, disk]));
      const names = back.disks.map(
        ({ id, file }) => [id, (file === null ? null : byFile.get(file)) ?? ids.get(id) ?? id] as const,
      );
      return { appliance: back, notes, diskNames: new Map(names) };
    },
  };
}

/** In the order of the platforms, OVF last. */
export const ways: readonly Way[] = [
  ...platforms.all
    .filter(({ readConfig, exportConfig }) => readConfig !== undefined && exportConfig !== undefined)
    .map(platformWay),
  ...flavours.map(ovfWay),
];
