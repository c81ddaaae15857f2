import type { Severity } from "../base/diagnostics.js";
import { formatBytes, plural } from "../base/text.js";
import { escaped, shortened } from "./markup.js";
import type { ApplianceResult, AttachmentResult, MachineResult } from "./results.js";

/** Things that are drawn; of more than these the rest is counted. */
const MOST = { machines: 24, drives: 12, nics: 8, networks: 24 } as const;

/** Pixels. */
const EDGE = 12;
const CARD = 452;
const GAP = 104;
const NETWORK = 184;
const WIDTH = EDGE + CARD + GAP + NETWORK + EDGE;
const HEAD = 58;
const ROW = 34;
const CHIP = 26;

/** How bad the worst finding about a thing is, by the thing's name or id. */
export type Marks = ReadonlyMap<string, Severity>;

interface Placed {
  readonly svg: string[];
  readonly height: number;
  /** Where network cards leave the machine, with the network that they are on. */
  readonly plugs: readonly { readonly y: number; readonly network: string }[];
}

/**
 * An appliance as a picture in SVG: machines with their controllers, drives and network cards, and the networks that connect them. Colours are
 * classes that the page gives meaning to. Everything in it is said in `aria-label` too.
 */
export function renderPicture(appliance: ApplianceResult, marks: Marks): string {
  const disks = new Map(appliance.disks.map((disk) => [disk.id, disk]));
  const body: string[] = [];
  const plugs: { y: number; network: string }[] = [];
  let y = EDGE;
  for (const machine of appliance.machines.slice(0, MOST.machines)) {
    const placed = drawMachine(machine, disks, marks, y);
    body.push(...placed.svg);
    plugs.push(...placed.plugs);
    y += placed.height + 18;
  }
  const more = appliance.machines.length - MOST.machines;
  if (more > 0) {
    body.push(text(EDGE + 16, y + 14, `and ${plural(more, "more machine")}`, "dim"));
    y += 30;
  }
  const networks = drawNetworks(appliance, plugs, marks);
  const height = Math.max(y - 18 + EDGE, networks.bottom + EDGE);
  const label = labelOf(appliance);
  return [
    `<svg class="picture" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(label)}" xmlns="http://www.w3.org/2000/svg">`,
    ...networks.svg,
    ...body,
    "</svg>",
  ].join("\n");
}

/** The picture in words. */
function labelOf({ machines, disks, networks }: ApplianceResult): string {
  const parts = machines.slice(0, MOST.machines).map(({ name, attachments, nics }) => {
    const joined = [...new Set(nics.map(({ network }) => network ?? "no network"))].join(", ");
    return `${name}: ${plural(attachments.length, "drive")}, ${plural(nics.length, "network card")}${joined === "" ? "" : ` on ${joined}`}`;
  });
  return `${plural(machines.length, "machine")}, ${plural(disks.length, "disk")}, ${plural(networks.length, "network")}. ${parts.join(". ")}`;
}

function drawMachine(
  machine: MachineResult,
  disks: ReadonlyMap<string, ApplianceResult["disks"][number]>,
  marks: Marks,
  top: number,
): Placed {
  const left = EDGE;
  const inner: string[] = [
    text(left + 18, top + 26, shortened(machine.name, 34), "name"),
    text(left + 18, top + 45, shortened(factsOf(machine), 62), "dim"),
  ];
  const firmware = machine.firmware === "unknown" ? "" : machine.firmware.toUpperCase();
  if (firmware !== "") inner.push(badge(left + CARD - 18, top + 14, firmware));
  let y = top + HEAD + 8;
  const groups = groupsOf(machine);
  let room = MOST.drives;
  for (const { label, drives } of groups) {
    const shown = drives.slice(0, Math.max(0, room));
    room -= shown.length;
    const rows = Math.max(1, shown.length);
    const middle = y + CHIP / 2;
    inner.push(chip(left + 18, y, 112, label, "controller", null));
    for (const [i, drive] of shown.entries()) {
      const at = y + i * ROW;
      inner.push(
        `<path class="wire" d="M${left + 130} ${middle}h14${i === 0 ? "" : `V${at + CHIP / 2}`}H${left + 160}"/>`,
        drawDrive(drive, disks, marks, left + 160, at),
      );
    }
    if (shown.length < drives.length)
      inner.push(text(left + 160, y + rows * ROW + 4, `and ${drives.length - shown.length} more`, "dim"));
    y += rows * ROW + (shown.length < drives.length ? 20 : 0);
  }
  const plugs: { y: number; network: string }[] = [];
  const nics = machine.nics.slice(0, MOST.nics);
  if (nics.length > 0) y += 4;
  for (const nic of nics) {
    const name = [nic.model ?? "network card", nic.mac].filter((word) => word !== null).join("  ");
    const mark = nic.network === null ? null : (marks.get(nic.network) ?? null);
    inner.push(chip(left + CARD - 18 - 236, y, 236, name, "nic", mark));
    inner.push(icon("nic", left + CARD - 18 - 236 + 9, y + 7));
    if (nic.network !== null) {
      plugs.push({ y: y + CHIP / 2, network: nic.network });
      inner.push(`<path class="link" d="M${left + CARD - 18} ${y + CHIP / 2}h18"/>`);
    }
    y += ROW;
  }
  if (nics.length < machine.nics.length) {
    inner.push(text(left + CARD - 254, y + 12, `and ${machine.nics.length - nics.length} more network cards`, "dim"));
    y += 22;
  }
  const height = Math.max(HEAD + 12, y - top + 4);
  const mark = marks.get(machine.id) ?? null;
  const card = `<rect class="card${mark === null ? "" : ` ${mark}`}" x="${left}" y="${top}" width="${CARD}" height="${height}" rx="12"/>`;
  const rule = `<path class="rule" d="M${left} ${top + HEAD}h${CARD}"/>`;
  return { svg: [card, rule, ...inner], height, plugs };
}

function factsOf({ cpu, memoryBytes, guestOs }: MachineResult): string {
  const system =
    guestOs.description ?? guestOs.vmware ?? guestOs.virtualbox ?? (guestOs.cim === null ? null : `CIM ${guestOs.cim}`);
  return [system, plural(cpu.count, "CPU"), formatBytes(memoryBytes)].filter((word) => word !== null).join("  ·  ");
}

/** Drives by controller, in the order of the controllers; those on none come last. Controllers without drives are left out. */
function groupsOf(machine: MachineResult): { label: string; drives: readonly AttachmentResult[] }[] {
  const groups = machine.controllers.map((controller) => ({
    label: `${controller.bus.toUpperCase()} ${controller.index}`,
    drives: machine.attachments
      .filter((drive) => drive.controller === controller.id)
      .sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0)),
  }));
  const loose = machine.attachments.filter(
    (drive) => !machine.controllers.some((controller) => controller.id === drive.controller),
  );
  if (loose.length > 0) groups.push({ label: "no controller", drives: loose });
  return groups.filter(({ drives }) => drives.length > 0);
}

function drawDrive(
  drive: AttachmentResult,
  disks: ReadonlyMap<string, ApplianceResult["disks"][number]>,
  marks: Marks,
  x: number,
  y: number,
): string {
  const disk = drive.disk === null ? undefined : disks.get(drive.disk);
  const name = disk?.file ?? drive.file ?? drive.disk ?? "empty";
  const size = disk === undefined ? "" : formatBytes(disk.capacityBytes);
  const mark = [drive.disk, disk?.file, drive.file]
    .map((key) => marks.get(key ?? ""))
    .find((found) => found !== undefined);
  const width = EDGE + CARD - 18 - x;
  return [
    chip(x, y, width, "", "drive", mark ?? null),
    icon(drive.device === "disk" ? "disk" : "disc", x + 9, y + 6),
    text(x + 32, y + 17, shortened(name, size === "" ? 30 : 24), drive.device === "disk" ? "chip" : "chip dim"),
    size === "" ? "" : text(x + width - 10, y + 17, size, "chip dim end"),
  ].join("");
}

function drawNetworks(
  appliance: ApplianceResult,
  plugs: readonly { readonly y: number; readonly network: string }[],
  marks: Marks,
): { svg: string[]; bottom: number } {
  const named = [...new Set([...appliance.networks.map(({ name }) => name), ...plugs.map(({ network }) => network)])];
  const wanted = named
    .map((name) => {
      const at = plugs.filter(({ network }) => network === name).map(({ y }) => y);
      return { name, y: at.length === 0 ? Number.POSITIVE_INFINITY : at.reduce((sum, y) => sum + y, 0) / at.length };
    })
    .sort((a, b) => a.y - b.y);
  const x = EDGE + CARD + GAP;
  const svg: string[] = [];
  const middles = new Map<string, number>();
  let next = EDGE + 20;
  for (const { name, y } of wanted.slice(0, MOST.networks)) {
    const middle = Math.max(next, Number.isFinite(y) ? y : next);
    middles.set(name, middle);
    next = middle + 50;
    const mark = marks.get(name) ?? null;
    svg.push(
      `<rect class="network${mark === null ? "" : ` ${mark}`}" x="${x}" y="${middle - 18}" width="${NETWORK}" height="36" rx="18"/>`,
      icon("network", x + 13, middle - 7),
      text(x + 36, middle + 4, shortened(name, 20), "chip"),
    );
  }
  for (const { y, network } of plugs) {
    const to = middles.get(network);
    if (to === undefined) continue;
    const from = EDGE + CARD;
    const bend = GAP / 2;
    svg.unshift(`<path class="link" d="M${from} ${y}C${from + bend} ${y} ${x - bend} ${to} ${x} ${to}"/>`);
  }
  const left = wanted.length - MOST.networks;
  if (left > 0) svg.push(text(x + 16, next, `and ${plural(left, "more network")}`, "dim"));
  return { svg, bottom: wanted.length === 0 ? 0 : next - 50 + 18 + (left > 0 ? 44 : 0) };
}

function chip(x: number, y: number, width: number, label: string, kind: string, mark: Severity | null): string {
  const box = `<rect class="${kind}${mark === null ? "" : ` ${mark}`}" x="${x}" y="${y}" width="${width}" height="${CHIP}" rx="7"/>`;
  const inset = kind === "nic" ? 32 : 12;
  return label === ""
    ? box
    : box + text(x + inset, y + 17, shortened(label, Math.floor((width - inset - 8) / 6.6)), "chip");
}

function badge(right: number, y: number, label: string): string {
  const width = label.length * 7 + 16;
  const box = `<rect class="badge" x="${right - width}" y="${y}" width="${width}" height="20" rx="10"/>`;
  return (
    box +
    `<text class="badge-text" x="${right - width / 2}" y="${y + 14}" text-anchor="middle">${escaped(label)}</text>`
  );
}

function text(x: number, y: number, words: string, kind: string): string {
  return `<text class="${kind}" x="${x}" y="${y}"${kind.endsWith("end") ? ' text-anchor="end"' : ""}>${escaped(words)}</text>`;
}

/** Small drawings of 14 by 14 pixels. */
const ICONS: Readonly<Record<"disk" | "disc" | "nic" | "network", string>> = {
  disk: '<ellipse cx="7" cy="3" rx="6" ry="2.4"/><path d="M1 3v8c0 1.3 2.7 2.4 6 2.4s6-1.1 6-2.4V3M1 7c0 1.3 2.7 2.4 6 2.4S13 8.300 13 7"/>',
  disc: '<circle cx="7" cy="7" r="6"/><circle cx="7" cy="7" r="1.600"/>',
  nic: '<rect x="1" y="3" width="12" height="8" rx="1.500"/><path d="M4 11V8h6v3M4 5.500h.01M7 5.500h.01"/>',
  network:
    '<circle cx="7" cy="2.600" r="2"/><circle cx="2.600" cy="11.400" r="2"/><circle cx="11.400" cy="11.400" r="2"/><path d="M7 4.600V7M2.600 9.400V8.500Q2.600 7 4 7h6q1.400 0 1.400 1.500v.9"/>',
};

function icon(name: keyof typeof ICONS, x: number, y: number): string {
  return `<g class="icon" transform="translate(${x} ${y})" aria-hidden="true">${ICONS[name]}</g>`;
}
