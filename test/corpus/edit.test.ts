/** Every edit on the first fifty descriptors of the corpus that allow it: its own lines change and no other, and nothing is wrong that was not. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { Machine } from "../../src/appliance/appliance.js";
import { FerryError } from "../../src/base/errors.js";
import { defaultLimits } from "../../src/base/limits.js";
import { memorySource } from "../../src/io/sources/memory.js";
import { validateInput } from "../../src/operations/validate.js";
import { type OvfDocument, openOvf } from "../../src/ovf/document.js";
import { applyEdits } from "../../src/platforms/ovf/edit/apply.js";
import { type Edits, noEdits } from "../../src/platforms/ovf/edit/edits.js";
import { systemsOf } from "../../src/platforms/ovf/edit/session.js";
import { importOvf } from "../../src/platforms/ovf/import.js";
import { parseXml } from "../../src/xml/parse.js";
import { diskContext } from "../support/disks.js";
import { ovaOf } from "../support/packages.js";

const CORPUS = "../shared/corpus/ovf";
const skip = existsSync(CORPUS) ? false : `${CORPUS} is not there`;
/** Of each edit. */
const WANTED = 50;

interface Case {
  /** What is edited; `null`: the descriptor has nothing that could be. */
  edits(document: OvfDocument): Partial<Edits> | null;
  /** Tags and texts that may come or go; all that is new stands in one place for each name. */
  readonly own: RegExp;
  /** What the machine says afterwards; all else of it is as before. Held to it where no deployment option says otherwise. */
  readonly says?: Partial<Machine>;
  /** Descriptors that allow it are fewer than fifty. */
  readonly fewer?: number;
}

const NEW_PROPERTY = {
  key: "edited_by_test",
  type: "string",
  value: "value",
  label: "Label",
  description: "Description",
  qualifiers: null,
  category: null,
  userConfigurable: true,
  password: false,
};
const WORDS = { class: null, vendor: null, fullVersion: null, productUrl: null, vendorUrl: null, appUrl: null };

/** What takes something out of the descriptor: whatever it is, nothing comes in its place. */
const ANYTHING = /^.*$/s;

/** Children of items, and what stands in them. */
const ITEM =
  "Item|Address|AddressOnParent|AutomaticAllocation|Caption|Connection|Description|ElementName|HostResource|Instance[Ii][Dd]|Parent|ResourceSubType|ResourceType";
/** The tag of an element of one of some names, or no tag at all: a text. */
const tags = (names: string): RegExp => new RegExp(`^(?:</?(?:[\\w.-]+:)?(?:${names})(?:\\s.*)?/?>|[^<>]*)$`, "s");

const first = <T>(all: readonly T[]): T | null => all[0] ?? null;
const properties = (document: OvfDocument) =>
  [document.envelope, ...document.envelope.descendants()].flatMap((holder) =>
    holder.products.flatMap((one) => one.properties),
  );

const CASES: Readonly<Record<string, Case>> = {
  cpus: {
    edits: () => ({ cpus: 12 }),
    says: { cpu: { count: 12 } as Machine["cpu"] },
    own: tags(`${ITEM}|VirtualQuantity|AllocationUnits|num_of_sockets|CPU`),
  },
  "cores-per-socket": {
    edits: () => ({ cpus: 12, coresPerSocket: 3 }),
    own: tags(`${ITEM}|VirtualQuantity|AllocationUnits|num_of_sockets|cpu_per_socket|CoresPerSocket|CPU`),
  },
  memory: {
    edits: () => ({ memoryBytes: 6 * 2 ** 30 }),
    says: { memoryBytes: 6 * 2 ** 30 },
    own: tags(`${ITEM}|VirtualQuantity|AllocationUnits|Memory`),
  },
  name: {
    edits: () => ({ name: "edited" }),
    says: { name: "edited" },
    own: tags("Name|VirtualSystemIdentifier|Machine|Content|VirtualSystem|Item"),
  },
  "hardware-type": {
    // Another type makes another machine of one of Xen's, whose words for drives mean something else.
    edits: (document) => (/xen-/.test(document.xml.text) ? null : { hardwareType: "vmx-18" }),
    says: { hardwareTypes: ["vmx-18"] },
    own: tags("VirtualSystemType|System|ElementName|Instance[Ii][Dd]"),
  },
  transport: {
    edits: () => ({ transports: ["com.vmware.guestInfo", "com.example.other"] }),
    own: tags("VirtualHardwareSection|Section"),
  },
  firmware: {
    edits: () => ({ firmware: "efi" }),
    says: { firmware: "efi", firmwareFrom: "vendor" },
    own: tags("Config|Firmware"),
  },
  os: {
    edits: () => ({ os: "debian12" }),
    own: tags("OperatingSystemSection|Section|Description|OSType|Machine|Info"),
  },
  set: {
    edits(document) {
      const plain = properties(document).find(
        (one) => one.type === "string" && one.qualifiers === null && !one.password && one.value !== null,
      );
      return plain === undefined ? null : { values: [[plain.qualifiedKey, "edited"]] };
    },
    own: tags("Property"),
    fewer: 20,
  },
  "add-property": {
    edits: () => ({ addProperties: [NEW_PROPERTY] }),
    own: tags("ProductSection|Section|Info|Property|Label|Description|Category"),
  },
  "remove property": {
    edits(document) {
      const one = first(properties(document));
      return one === null ? null : { remove: [`property.${one.qualifiedKey}`] };
    },
    own: tags("Property|Label|Description|Value|Category"),
    fewer: 20,
  },
  "add-nic": {
    edits: () => ({ addNics: [{ network: "edited", model: "e1000", mac: "02:00:00:00:00:01" }] }),
    own: tags(`NetworkSection|Section|Info|Network|Adapter|NAT|EthernetPortItem|${ITEM}`),
  },
  "remove-nic": { edits: () => ({ removeNics: [1] }), own: ANYTHING },
  "map-network": {
    edits(document) {
      const name = first(document.networks)?.name ?? null;
      return name === null ? null : { mapNetworks: [[name, "edited"]] };
    },
    own: tags("Network|Description|Connection|ElementName|Caption"),
  },
  "add-disk": {
    edits: () => ({ addDisks: [{ file: "x.raw", controller: null }] }),
    own: tags(`References|File|DiskSection|Section|Info|Disk|${ITEM}`),
  },
  "remove disk": {
    edits(document) {
      const id = first(document.disks)?.diskId ?? null;
      return id === null ? null : { remove: [`disk.${id}`] };
    },
    own: ANYTHING,
  },
  "resize-disk": {
    edits(document) {
      const id = first(document.disks)?.diskId ?? null;
      return id === null ? null : { resizeDisks: [[id, 2 ** 44]] };
    },
    own: tags("Disk"),
  },
  eula: { edits: () => ({ eula: "Edited terms." }), own: tags("EulaSection|Section|Info|License") },
  annotation: {
    edits: () => ({ annotation: "Edited." }),
    says: { annotation: "Edited." },
    own: tags("AnnotationSection|Section|Info|Annotation"),
  },
  product: {
    edits: () => ({ product: { ...WORDS, name: "Edited", version: "2.1" } }),
    own: tags("ProductSection|Section|Info|Product|Version"),
  },
  "remove product": { edits: () => ({ remove: ["product"] }), own: ANYTHING, fewer: 20 },
};

interface Edited {
  readonly before: string;
  readonly after: string;
  readonly bytes: Uint8Array;
}

/** `null`: it is no descriptor, or does not allow the edit, and says so. */
function editOf(bytes: Uint8Array, name: string, { edits }: Case): Edited | null {
  try {
    const document = openOvf(parseXml(bytes, name, defaultLimits), () => {});
    const wanted = edits(document);
    if (wanted === null) return null;
    const [one] = systemsOf(document);
    const machine = systemsOf(document).length > 1 ? (one?.id ?? null) : null;
    const files = [
      {
        href: "new.vmdk",
        capacityBytes: 2 ** 30,
        formatUri: "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized",
      },
    ];
    applyEdits(document, { ...noEdits, machine, ...wanted }, files);
    const now = document.xml.serialize();
    const text = new TextDecoder(document.xml.encoding);
    return { before: document.xml.text, after: text.decode(now), bytes: now };
  } catch (cause) {
    if (cause instanceof FerryError && /^(?:ovf|xml|edit)\//.test(cause.code)) return null;
    throw cause;
  }
}

/** Tags and texts, without what stands at the ends of both. */
function pieces(text: string): readonly string[] {
  return text
    .split(/(?<=>)|(?=<)/)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== "");
}

/** Where two texts differ: the pieces that only one of them has, in order, found from both ends and by counting. */
function difference(
  before: string,
  after: string,
): { readonly gone: readonly string[]; readonly come: readonly string[] } {
  const [a, b] = [pieces(before), pieces(after)];
  return { gone: without(a, b), come: without(b, a) };
}

function without(all: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const piece of others) left.set(piece, (left.get(piece) ?? 0) + 1);
  return all.filter((piece) => {
    const count = left.get(piece) ?? 0;
    if (count > 0) left.set(piece, count - 1);
    return count === 0;
  });
}

/** Facts of machines that are not what they should be after an edit of the first. */
function otherFacts(before: Uint8Array, after: Uint8Array, says: Partial<Machine>): readonly string[] {
  const [old, now] = [machinesOf(before), machinesOf(after)];
  if (old === null || now === null) return [];
  return now.flatMap((machine, i) => {
    const was = old[i];
    if (was === undefined) return ["another machine"];
    const wanted: Record<string, unknown> = { ...was };
    if (i === 0) {
      Object.assign(wanted, says);
      if (says.cpu !== undefined) wanted.cpu = { ...was.cpu, ...says.cpu };
    }
    return Object.entries(machine).flatMap(([name, value]) => {
      // Vendors' settings are carried along as they stand, and repeat facts.
      if (name === "foreign") return [];
      // OVF 0.9 and VirtualBox have no other name than the id.
      if (name === "id" && says.name !== undefined && value === says.name) return [];
      const [is, should] = [JSON.stringify(value), JSON.stringify(wanted[name])];
      return is === should ? [] : [`${name} is ${is}, not ${should}`];
    });
  });
}

/** `null`: a deployment option decides. */
function machinesOf(bytes: Uint8Array): readonly Machine[] | null {
  const document = openOvf(parseXml(bytes, "x.ovf", defaultLimits), () => {});
  if (document.configurations.length > 0) return null;
  return importOvf(document, { name: "x", find: null, references: "reported" }, {}, () => {}).machines;
}

/** Errors of a descriptor by code, to the letter of the standard. */
async function errorsOf(bytes: Uint8Array): Promise<ReadonlyMap<string, number>> {
  const source = memorySource(ovaOf({ "box.ovf": bytes }), "box.ova");
  const { file } = await validateInput(
    "box.ova",
    { kind: "file", source, name: "box.ova", folder: null },
    { level: "strict" },
    diskContext(),
  );
  const counts = new Map<string, number>();
  for (const { code, severity } of file.diagnostics) {
    // No file of it is there.
    if (severity === "error" && !/^(?:package|manifest)\/|file-missing/.test(code))
      counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return counts;
}

const known = new Map<string, Promise<ReadonlyMap<string, number>>>();

for (const [name, one] of Object.entries(CASES)) {
  test(`${name} changes its own lines on the first fifty descriptors that allow it, and breaks none`, {
    skip,
  }, async (t) => {
    const wrong: string[] = [];
    let count = 0;
    const files = readdirSync(CORPUS).filter((file) => file.endsWith(".ovf"));
    for (const file of files.sort()) {
      if (count === WANTED) break;
      const given = new Uint8Array(readFileSync(`${CORPUS}/${file}`));
      const edited = editOf(given, file, one);
      if (edited === null) continue;
      count++;
      const { gone, come } = difference(edited.before, edited.after);
      if (gone.length + come.length === 0 && edited.before !== edited.after) wrong.push(`${file}: white space alone`);
      for (const piece of [...gone, ...come]) if (!one.own.test(piece)) wrong.push(`${file}: ${piece.slice(0, 160)}`);
      // Of VirtualBox's own settings a card is switched off.
      const left = come.filter((piece) => !/^<Adapter [^>]*enabled="false"/.test(piece));
      if (one.own === ANYTHING && left.length > 0)
        wrong.push(`${file}: ${left.join(" ").slice(0, 160)} came by removing`);
      if (one.says !== undefined)
        wrong.push(...otherFacts(given, edited.bytes, one.says).map((fact) => `${file}: ${fact}`));
      const before = await (known.get(file) ?? remember(file, errorsOf(given)));
      for (const [code, times] of await errorsOf(edited.bytes)) {
        if (times > (before.get(code) ?? 0)) wrong.push(`${file}: ${code} ${before.get(code) ?? 0} -> ${times}`);
      }
    }
    t.diagnostic(`${count} descriptors`);
    assert.deepEqual(wrong, []);
    assert.ok(count >= (one.fewer ?? WANTED), `${count} descriptors allow ${name}`);
  });
}

function remember<T extends ReadonlyMap<string, number>>(file: string, counts: Promise<T>): Promise<T> {
  known.set(file, counts);
  return counts;
}
