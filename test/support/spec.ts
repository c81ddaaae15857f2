/** Specs that are written and read again, without files. */
import { type Fact, portraitOf } from "../../src/appliance/portrait.js";
import type { Appliance, Machine } from "../../src/index.js";
import { specShape } from "../../src/operations/build/fields.js";
import { lowerSpec } from "../../src/operations/build/lower.js";
import { readTree, withVariables } from "../../src/operations/build/tree.js";
import type { OvfAuthored } from "../../src/platforms/ovf/authored.js";

/** The appliance of a spec whose files are all there. @param look is shown each machine with what only a package says of it */
export async function readAgain(
  text: string,
  look: (machine: Machine, authored: OvfAuthored) => void = () => {},
): Promise<Appliance> {
  const read = async (file: string): Promise<string> => {
    throw new Error(`nothing is included: ${file}`);
  };
  const tree = withVariables(await readTree(text, "again.yaml", (file) => file, read), new Map());
  const spec = specShape.read(tree, "", { texts: [] });
  const { appliance, authored } = lowerSpec(spec, "again", ({ path }) => ({ name: path, size: 1 }));
  for (const machine of appliance.machines) look(machine, authored);
  return appliance;
}

/** What a spec can say of an appliance, as plain data. */
export function factsIn(appliance: Appliance): object {
  const { products, eulas, startup, options, groups, networks, machines } = appliance;
  const facts = {
    machines: machines.map((machine) => ({
      id: machine.id,
      facts: portraitOf(appliance, machine).filter((fact) => isHeld(fact, machine)),
      hardwareTypes: machine.hardwareTypes,
      guestOs: machine.guestOs,
      transports: machine.transports,
      controllers: machine.controllers,
    })),
    // Those of the whole package come first.
    products: [
      ...products.filter(({ machine }) => machine === null),
      ...products.filter(({ machine }) => machine !== null),
    ].map(({ properties, ...product }) => ({
      ...product,
      properties: properties.map((property) => ({
        ...property,
        value: typeof property.value === "string" ? property.value : null,
      })),
    })),
    eulas: [...eulas.filter(({ machine }) => machine === null), ...eulas.filter(({ machine }) => machine !== null)],
    startup,
    options,
    groups,
    networks: networks.filter(({ description }) => description !== null),
  };
  return JSON.parse(JSON.stringify(facts));
}

function isHeld({ name, value }: Fact, { memoryBytes }: Machine): boolean {
  // A kernel without a boot loader has no setting, and 0 bytes of memory mean that nobody said.
  if (name === "directBoot") return false;
  return !(name === "memoryBytes" && (value === 0 || memoryBytes === 2 ** 31));
}
