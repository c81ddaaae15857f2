import type { Machine, Nic } from "../../appliance/appliance.js";
import { FerryError } from "../../base/errors.js";
import { optionValue } from "../../platforms/qemu/arguments.js";

/** A port of this machine that leads to one of a guest. */
export interface Forward {
  readonly protocol: "tcp" | "udp";
  /** On the loopback of this machine. */
  readonly host: number;
  readonly guest: number;
  /** Id of the machine; `null`: the first that reaches the outside. */
  readonly machine: string | null;
}

/** Networks that cards of several machines are plugged into: they are private, with nothing of the host in them. */
export function sharedNetworks(machines: readonly Machine[]): ReadonlySet<string> {
  const users = new Map<string, Set<string>>();
  for (const { id, nics } of machines) {
    for (const { network, connected } of nics) {
      if (network === null || !connected) continue;
      const known = users.get(network) ?? new Set();
      users.set(network, known.add(id));
    }
  }
  return new Set([...users].flatMap(([name, { size }]) => (size > 1 ? [name] : [])));
}

/** A card on QEMU's NAT, by machine and number. */
export interface Outside {
  readonly machine: string;
  readonly nic: number;
}

/**
 * Which card carries which forwards.
 * @throws `vm/no-forward` where no card can
 */
export function placeForwards(
  machines: readonly Machine[],
  shared: ReadonlySet<string>,
  forwards: readonly Forward[],
): ReadonlyMap<Forward, Outside> {
  const outside = machines.flatMap(({ id, nics }) =>
    nics.flatMap((nic, index) => (reachesOutside(nic, shared) ? [{ machine: id, nic: index }] : [])),
  );
  const placed = new Map<Forward, Outside>();
  for (const forward of forwards) {
    const place = outside.find(({ machine }) => forward.machine === null || forward.machine === machine);
    if (place !== undefined) placed.set(forward, place);
    else {
      const known = machines.some(({ id }) => forward.machine === null || id === forward.machine);
      const who = forward.machine === null ? "no machine" : `${forward.machine} is not a machine that`;
      throw new FerryError("vm/no-forward", `port ${forward.host} leads nowhere: ${who} reaches the outside`, {
        hint: known
          ? "A card reaches the outside where its network is that of one machine alone; networks of several machines are private."
          : `The machines are: ${machines.map(({ id }) => id).join(", ")}.`,
      });
    }
  }
  return placed;
}

/** Whether a card is on QEMU's NAT. */
export function reachesOutside({ connected, network }: Nic, shared: ReadonlySet<string>): boolean {
  return connected && (network === null || !shared.has(network));
}

/** The value of `-netdev` for a card on QEMU's NAT, with the ports that lead to it. */
export function natBackend(id: string, forwards: readonly Forward[]): string {
  const rules = forwards.map(({ protocol, host, guest }) => `,hostfwd=${protocol}:127.0.0.1:${host}-:${guest}`);
  return `user,id=${id}${rules.join("")}`;
}

/** The value of `-netdev` for a card on a private network. @param socket where its switch listens */
export function privateBackend(id: string, socket: string): string {
  return `stream,id=${id},server=off,addr.type=unix,addr.path=${optionValue(socket)}`;
}
