/** Machines of Proxmox VE, and whether they are ours: their UUID says so. */
import { type Pve, refused } from "./api.js";
import { machinesOf, type PveMachine } from "./look.js";
import { objectOf, partsOf, textOf } from "./values.js";

/** A machine that is there, with its configuration. */
export interface FoundMachine {
  readonly vmid: number;
  /** Where it is by now. */
  readonly node: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** The machine of a number; `null`: there is none. */
export async function machineNumbered(pve: Pve, vmid: number, signal: AbortSignal): Promise<FoundMachine | null> {
  const known = (await machinesOf(pve, signal)).find((machine) => machine.vmid === vmid);
  return known === undefined ? null : readMachine(pve, known, signal);
}

/** Whether a machine has a UUID. */
export function hasUuid({ config }: FoundMachine, uuid: string): boolean {
  return (
    partsOf(textOf(config.smbios1) ?? "", "uuid")
      .get("uuid")
      ?.toLowerCase() === uuid
  );
}

/**
 * The machine with a UUID; `null`: there is none.
 * @param name that it had: those are looked at first
 */
export async function machineWithUuid(
  pve: Pve,
  uuid: string,
  name: string,
  signal: AbortSignal,
): Promise<FoundMachine | null> {
  const all = await machinesOf(pve, signal);
  const [likely, rest] = [all.filter((one) => one.name === name), all.filter((one) => one.name !== name)];
  for (const known of [...likely, ...rest]) {
    const found = await readMachine(pve, known, signal);
    if (found !== null && hasUuid(found, uuid)) return found;
  }
  return null;
}

/** `null`: it went meanwhile, is a container, or may not be looked into. */
async function readMachine(pve: Pve, { vmid, node }: PveMachine, signal: AbortSignal): Promise<FoundMachine | null> {
  const answer = await pve.try("GET", `/nodes/${node}/qemu/${vmid}/config`, {}, signal);
  if (answer.ok) return { vmid, node, config: objectOf(answer.data) };
  if (answer.status === 403 || /does not exist/.test(answer.why)) return null;
  throw refused(`the configuration of ${vmid}`, answer.why);
}

/** What a machine does: `running`, `stopped`, `paused`, ...; `null`: it is not there. */
export async function powerOf(pve: Pve, { vmid, node }: FoundMachine, signal: AbortSignal): Promise<string | null> {
  const answer = await pve.try("GET", `/nodes/${node}/qemu/${vmid}/status/current`, {}, signal);
  if (!answer.ok) {
    if (/does not exist/.test(answer.why)) return null;
    throw refused(`the state of ${vmid}`, answer.why);
  }
  const { status, qmpstatus } = objectOf(answer.data);
  const words = textOf(status) ?? "unknown";
  // QEMU's own word tells a machine that runs from one that was halted.
  return words === "running" ? (textOf(qmpstatus) ?? words) : words;
}
