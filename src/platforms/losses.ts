import type { Appliance, Machine } from "../appliance/appliance.js";
import type { Diagnostic, DiagnosticCode, Severity } from "../base/diagnostics.js";
import { plural } from "../base/text.js";
import { factLosses, type HeldFact } from "./facts.js";

/** One thing that a platform's configuration cannot say. */
export function loss(
  severity: Severity,
  code: DiagnosticCode,
  message: string,
  details: Omit<Diagnostic, "severity" | "code" | "message"> = {},
): Diagnostic {
  return { code, severity, message, ...details };
}

/** What a platform takes over beyond the machines themselves. */
export interface Kept {
  /** Ids of files that the result holds: CD and floppy images, NVRAM. */
  readonly files: ReadonlySet<string>;
  /** Facts that its configuration says; left out: none of them. */
  readonly holds?: ReadonlySet<HeldFact>;
}

const NOTHING: ReadonlySet<HeldFact> = new Set();

/**
 * Everything in an appliance that only OVF can say: licences, properties, startup order and the like. A platform that writes machines alone
 * adds these to its notes. Values of properties are never in a message.
 */
export function commonLosses(appliance: Appliance, label: string, kept: Kept): Diagnostic[] {
  const losses: Diagnostic[] = [];
  const { holds = NOTHING } = kept;
  const names = new Map(appliance.machines.map((m) => [m.id, m.name]));
  const ofMachine = (id: string | null): string => (id === null ? "the appliance" : (names.get(id) ?? id));

  for (const product of holds.has("products") ? [] : appliance.products) {
    const what = product.name ?? product.class ?? "a product";
    losses.push(
      loss(
        "warning",
        "platform/product-dropped",
        `${ofMachine(product.machine)}: ${label} cannot hold the product ${JSON.stringify(what)} with its ${plural(product.properties.length, "property")}`,
        {
          data: { machine: product.machine, product: product.name, properties: product.properties.map((p) => p.key) },
          ...(product.properties.length === 0
            ? {}
            : { hint: "A guest that asks for these values on its first start gets none: configure it by hand." }),
        },
      ),
    );
  }
  for (const eula of holds.has("eulas") ? [] : appliance.eulas) {
    losses.push(
      loss(
        "warning",
        "platform/eula-dropped",
        `${ofMachine(eula.machine)}: ${label} cannot hold a licence text; it still applies`,
        { data: { machine: eula.machine } },
      ),
    );
  }
  if (appliance.options.length > 0 && !holds.has("options")) {
    losses.push(
      loss(
        "info",
        "platform/options-dropped",
        `one of ${plural(appliance.options.length, "configuration")} was taken; ${label} cannot hold the others`,
        {
          data: { options: appliance.options.map((o) => o.id) },
        },
      ),
    );
  }
  if (appliance.startup.length > 0 && !holds.has("startup")) {
    losses.push(
      loss("warning", "platform/startup-dropped", `${label} cannot hold in which order machines start`, {
        data: {
          startup: appliance.startup.map((s) => ({
            machine: s.machine,
            order: s.order,
            startDelaySeconds: s.startDelaySeconds,
          })),
        },
      }),
    );
  }
  for (const group of holds.has("groups") ? [] : appliance.groups) {
    losses.push(
      loss(
        "warning",
        "platform/group-dropped",
        `${label} cannot hold the group ${JSON.stringify(group.name ?? group.id)}`,
        { data: { group: group.id, members: [...group.members] } },
      ),
    );
  }
  for (const foreign of appliance.foreign) losses.push(foreignLoss(foreign, label, ofMachine(foreign.machine)));
  for (const network of appliance.networks) {
    if (network.description === null || holds.has("networkDescription")) continue;
    losses.push(
      loss(
        "info",
        "platform/network-description-dropped",
        `${label} cannot hold the description of network ${JSON.stringify(network.name)}`,
        { data: { network: network.name } },
      ),
    );
  }
  losses.push(...diskLosses(appliance, holds), ...fileLosses(appliance, label, kept));
  for (const machine of appliance.machines) {
    losses.push(...factLosses(appliance, machine, label, holds), ...machineLosses(machine, label, holds));
  }
  return losses;
}

function machineLosses(machine: Machine, label: string, holds: ReadonlySet<HeldFact>): Diagnostic[] {
  const losses: Diagnostic[] = [];
  const data = { machine: machine.id };
  if (machine.bounds.length > 0 && !holds.has("bounds")) {
    losses.push(
      loss(
        "warning",
        "platform/bounds-dropped",
        `${machine.name}: ${label} cannot hold the limits that the author set for ${machine.bounds.map((b) => b.fact).join(" and ")}`,
        {
          data: { ...data, bounds: machine.bounds.map((b) => ({ fact: b.fact, min: b.min, max: b.max })) },
        },
      ),
    );
  }
  if (machine.install !== null && !holds.has("install")) {
    losses.push(
      loss(
        "warning",
        "platform/install-dropped",
        `${machine.name}: ${label} cannot hold that the first start is an installation`,
        { data: { ...data, stopDelaySeconds: machine.install.initialBootStopDelaySeconds } },
      ),
    );
  }
  for (const transport of holds.has("transports") ? [] : machine.transports) {
    losses.push(
      loss(
        "warning",
        "platform/transport-dropped",
        `${machine.name}: the guest expects its settings by ${JSON.stringify(transport)}; ${label} hands it none`,
        {
          data: { ...data, transport },
        },
      ),
    );
  }
  for (const [index, nic] of machine.nics.entries()) {
    if (nic.portProfile === null || holds.has("portProfile")) continue;
    losses.push(
      loss(
        "warning",
        "platform/port-profile-dropped",
        `${machine.name}: ${label} cannot hold the port profile of network card ${index}`,
        { data: { ...data, nic: index, portProfile: nic.portProfile } },
      ),
    );
  }
  for (const foreign of machine.foreign) losses.push(foreignLoss(foreign, label, machine.name));
  return losses;
}

function foreignLoss(
  foreign: { source: string; name: string; machine: string | null },
  label: string,
  where: string,
): Diagnostic {
  return loss(
    "warning",
    "platform/foreign-dropped",
    `${where}: ${foreign.name} (${foreign.source}) is not carried over to ${label}`,
    {
      data: { machine: foreign.machine, source: foreign.source, name: foreign.name },
    },
  );
}

function diskLosses(appliance: Appliance, holds: ReadonlySet<HeldFact>): Diagnostic[] {
  const losses: Diagnostic[] = [];
  const users = new Map<string, number>();
  for (const machine of appliance.machines) {
    for (const { disk } of machine.attachments) if (disk !== null) users.set(disk, (users.get(disk) ?? 0) + 1);
  }
  const parents = new Set(appliance.disks.flatMap((d) => (d.parent !== null && users.has(d.id) ? [d.parent] : [])));
  // A parent's parent is merged with it. A chain that runs in a circle ends where it comes back.
  const byId = new Map(appliance.disks.map((d) => [d.id, d]));
  for (const id of parents) {
    const parent = byId.get(id)?.parent;
    if (parent !== undefined && parent !== null) parents.add(parent);
  }
  for (const disk of appliance.disks) {
    const count = users.get(disk.id) ?? 0;
    const data = { disk: disk.id };
    if ((count > 1 || (count === 1 && disk.shared)) && !holds.has("sharedDisks")) {
      losses.push(
        loss(
          "warning",
          "platform/disk-shared",
          count > 1
            ? `disk ${disk.id} is attached ${count} times; sharing is not set up`
            : `disk ${disk.id} is shared with machines that are not here; sharing is not set up`,
          {
            data: { ...data, count },
            hint: "Two running machines that write to one disk destroy it, unless the platform is told and the file system is made for it.",
          },
        ),
      );
    } else if (count === 0 && parents.has(disk.id)) {
      losses.push(
        loss("info", "platform/disk-merged", `disk ${disk.id} becomes part of the disks that are based on it`, {
          data,
        }),
      );
    } else if (count === 0) {
      losses.push(
        loss("warning", "platform/disk-unattached", `disk ${disk.id} is attached to no machine; it is left out`, {
          data,
        }),
      );
    }
  }
  return losses;
}

function fileLosses(appliance: Appliance, label: string, kept: Kept): Diagnostic[] {
  const losses: Diagnostic[] = [];
  for (const file of appliance.files) {
    if (kept.files.has(file.id)) continue;
    const data = { file: file.name, role: file.role };
    losses.push(
      file.role === "nvram"
        ? loss(
            "warning",
            "platform/nvram-dropped",
            `${file.name}: the firmware's memory does not fit ${label}; it starts empty`,
            {
              data,
              hint: "A machine that boots by EFI finds only a loader at \\EFI\\BOOT, unless a boot entry is made again.",
            },
          )
        : loss("warning", "platform/file-dropped", `${file.name} belongs to no machine; it is left out`, { data }),
    );
  }
  return losses;
}
