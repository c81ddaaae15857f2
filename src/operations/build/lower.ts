/** A spec as an appliance, and what only a package says of it. */
import type { Appliance, FileAsset } from "../../appliance/appliance.js";
import { blankAppliance } from "../../appliance/blank.js";
import type { AuthoredMachine, AuthoredProduct, OvfAuthored } from "../../platforms/ovf/authored.js";
import { createMessages, type Lowering, oneOf, stemOf } from "./lowering.js";
import { machineOf } from "./machine.js";
import { productOf } from "./products.js";
import type { FileName } from "./shape.js";
import type { AboutSpec, MachineSpec, Spec } from "./spec.js";
import { refuseNode } from "./tree.js";

/** What a spec comes to. */
export interface LoweredSpec {
  readonly appliance: Appliance;
  readonly authored: OvfAuthored;
}

/** The machines of a spec by their ids. @throws `build/missing-setting`, `config/bad-value` */
export function machinesIn(spec: Spec, fallback: string): readonly (readonly [id: string, machine: MachineSpec])[] {
  const several = (spec.machines ?? []).map(({ key, value }) => [key, value] as const);
  if (spec.machine !== null && several.length > 0) {
    throw refuseNode("config/bad-value", "machine and machines exclude each other", spec.machine.at);
  }
  if (spec.machine !== null) return [[spec.name ?? fallback, spec.machine]];
  if (several.length > 0) return several;
  throw refuseNode("build/missing-setting", "the spec has no machine", spec.at, "As in `machine: { memory: 2GiB }`.");
}

/**
 * Makes an appliance. Its texts were read, its files are named by `find`.
 * @param fallback what the package is called where the spec does not say
 * @throws `build/unknown-reference`, `build/two-translations`, `build/missing-setting`, `config/bad-value`
 */
export function lowerSpec(spec: Spec, fallback: string, find: Lowering["find"]): LoweredSpec {
  const machineSpecs = machinesIn(spec, fallback);
  const [first] = machineSpecs;
  const appliance = blankAppliance(spec.name ?? (machineSpecs.length === 1 ? (first?.[0] ?? fallback) : fallback));
  const messages = createMessages(spec);
  const lowering: Lowering = {
    spec,
    appliance,
    find,
    text: (localized) => messages.add(localized),
    asset: (file, role) => assetOf(appliance, find, file, role),
  };
  const authoredProducts: AuthoredProduct[] = [];
  const about = ({ products, eulas }: AboutSpec, machine: string | null): void => {
    for (const own of products ?? []) {
      const { product, authored } = productOf(own, machine, lowering);
      appliance.products.push(product);
      authoredProducts.push(authored);
    }
    for (const eula of eulas ?? []) appliance.eulas.push({ machine, text: lowering.text(eula) });
  };
  about(spec, null);
  for (const { key: name, value } of spec.networks ?? []) {
    const description = value.description === null ? null : lowering.text(value.description);
    appliance.networks.push({ name, description });
  }
  const options = optionsOf(lowering);
  const authoredMachines = new Map<string, AuthoredMachine>();
  for (const [id, own] of machineSpecs) {
    const { machine, authored } = machineOf(id, own, lowering);
    appliance.machines.push(machine);
    authoredMachines.set(id, authored);
    about(own, id);
  }
  addStructure(lowering);
  const languages = [...messages.bundles].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    appliance,
    authored: {
      options,
      machines: authoredMachines,
      products: authoredProducts,
      messages: messages.ids,
      bundles: languages.map(([language, texts]) => ({ language, texts: [...texts] })),
    },
  };
}

function assetOf(appliance: Appliance, find: Lowering["find"], file: FileName, role: FileAsset["role"]): string {
  const { name, size } = find(file, role === "iso" || role === "nvram" ? role : "file");
  const known = appliance.files.find((asset) => asset.name === name && asset.role === role);
  if (known !== undefined) return known.id;
  const wished = stemOf(file.path);
  let id = wished;
  for (let n = 2; appliance.files.some((asset) => asset.id === id); n++) id = `${wished}-${n}`;
  appliance.files.push({ id, name, role, size });
  return id;
}

function optionsOf({ spec, appliance, text }: Lowering): OvfAuthored["options"] {
  const options = spec.options ?? [];
  const defaults = options.filter(({ value }) => value.default === true);
  const [, second] = defaults;
  if (second !== undefined) {
    throw refuseNode("config/bad-value", "two deployment options are the default", second.value.at);
  }
  return options.map(({ key: id, value, at }) => {
    // Items name them in a list with blanks between them.
    if (!/^\S{1,200}$/u.test(id)) {
      throw refuseNode("config/bad-value", `${JSON.stringify(id)} is no id of an option`, at, "An id has no blanks.");
    }
    const label = value.label === null ? id : text(value.label);
    appliance.options.push({ id, label, default: value.default === true });
    return { id, description: value.description === null ? label : text(value.description) };
  });
}

/** Start orders and groups. */
function addStructure({ spec, appliance }: Lowering): void {
  const machines = appliance.machines.map(({ id }) => id);
  let last = -1;
  for (const { machine, order, delay, at } of spec.startup ?? []) {
    last = order ?? last + 1;
    appliance.startup.push({
      machine: oneOf(machine ?? "", machines, "machine", at),
      order: last,
      startDelaySeconds: delay ?? 0,
    });
  }
  const ids = [...machines, ...(spec.groups ?? []).map(({ key }) => key)];
  for (const { key: id, value } of spec.groups ?? []) {
    const members = (value.members ?? []).map((member) => oneOf(member, ids, "machine or group", value.at));
    appliance.groups.push({ id, name: value.name, members });
  }
}
