/** Options of `vmferry edit`: the words of a command line as edits. */
import * as path from "node:path";
import { FerryError } from "../base/errors.js";
import type { Firmware } from "../base/ids.js";
import { readEditPatch } from "../operations/edit/patch.js";
import {
  countOf,
  diskOf,
  FIRMWARE,
  type Fields,
  fieldsOf,
  hardwareTypeOf,
  MOST_CPUS,
  MOST_NICS,
  nicOf,
  productOf,
  propertyOf,
  type Refuse,
  removableOf,
  settableOf,
  sizeOf,
  transportsOf,
} from "../operations/edit/words.js";
import {
  type Edits,
  joinEdits,
  type NewDisk,
  type NewNic,
  type NewProperty,
  noEdits,
  type ProductWords,
} from "../platforms/ovf/edit/edits.js";
import type { OptionSpec } from "./command.js";
import { choice, invalid, wholeNumber } from "./options.js";
import { readSmallFile } from "./small-file.js";

/** Bytes of a licence or a patch. */
const MOST_BYTES = 4 * 1024 * 1024;

function refusing(flags: string, given: string): Refuse {
  return (message, hint) => {
    throw invalid(flags, given, `${message}. ${hint}`);
  };
}

/** An option that is read by one of the readers of words. */
function one<T>(flags: string, what: string, read: (text: string, refuse: Refuse) => T): OptionSpec<T | null> {
  return {
    flags,
    what,
    read: (given) => {
      const last = given.at(-1);
      return last === undefined ? null : read(last, refusing(flags, last));
    },
  };
}

function many<T>(flags: string, what: string, read: (text: string, refuse: Refuse) => T): OptionSpec<readonly T[]> {
  return { flags, what, repeated: true, read: (given) => given.map((word) => read(word, refusing(flags, word))) };
}

/** `NAME=VALUE`; the value may be empty. */
function pairOf(text: string, refuse: Refuse): readonly [string, string] {
  const at = text.indexOf("=");
  return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : refuse("it is not NAME=VALUE", "Write an equals sign.");
}

function fields<T>(
  first: string | null,
  read: (words: Fields, refuse: Refuse) => T,
): (text: string, refuse: Refuse) => T {
  return (text, refuse) => read(fieldsOf(text, first, refuse), refuse);
}

const said = (text: string): string => text;

/** One option for each edit. */
export const editOptions: {
  readonly machine: OptionSpec<string | null>;
  readonly config: OptionSpec<string | null>;
  readonly name: OptionSpec<string | null>;
  readonly cpus: OptionSpec<number | null>;
  readonly coresPerSocket: OptionSpec<number | null>;
  readonly memory: OptionSpec<number | null>;
  readonly firmware: OptionSpec<Firmware | null>;
  readonly os: OptionSpec<string | null>;
  readonly hardwareType: OptionSpec<string | null>;
  readonly transport: OptionSpec<readonly string[] | null>;
  readonly set: OptionSpec<readonly (readonly [string, string])[]>;
  readonly addProperty: OptionSpec<readonly NewProperty[]>;
  readonly addNic: OptionSpec<readonly NewNic[]>;
  readonly removeNic: OptionSpec<readonly number[]>;
  readonly mapNetwork: OptionSpec<readonly (readonly [string, string])[]>;
  readonly addDisk: OptionSpec<readonly NewDisk[]>;
  readonly resizeDisk: OptionSpec<readonly (readonly [string, number])[]>;
  readonly eula: OptionSpec<string | null>;
  readonly annotation: OptionSpec<string | null>;
  readonly product: OptionSpec<ProductWords | null>;
  readonly remove: OptionSpec<readonly string[]>;
  readonly patch: OptionSpec<string | null>;
} = {
  machine: one("--machine ID", "the machine that is meant, by id or name, where there are several", said),
  config: one("--config ID", "change what this deployment option has of its own", said),
  name: one("--name NAME", "the name of the machine", said),
  cpus: wholeNumber("--cpus N", "processors", 1, MOST_CPUS),
  coresPerSocket: wholeNumber("--cores-per-socket N", "how many of them share a socket", 1, MOST_CPUS),
  memory: one("--memory SIZE", "memory, such as 8GiB", sizeOf),
  firmware: choice("--firmware KIND", "what the machine boots by", FIRMWARE),
  os: one("--os NAME", "the guest system, such as debian12, win11, rhel9-64", said),
  hardwareType: one("--hardware-type TYPE", "the type of virtual hardware, such as vmx-19", hardwareTypeOf),
  transport: one(
    "--transport LIST",
    "how the guest gets its environment: iso, com.vmware.guestInfo, none",
    transportsOf,
  ),
  set: many(
    "--set property.KEY=VALUE",
    "the default of a property; of a password: env:NAME, file:PATH or cmd:COMMAND (can be repeated)",
    (text, refuse) => {
      const [name, value] = pairOf(text, refuse);
      return [settableOf(name, refuse), value] as const;
    },
  ),
  addProperty: many(
    "--add-property WORDS",
    "a property: key=K,type=string,value=V,label=L,description=D,qualifiers=Q,category=C,user=true,password=false (can be repeated)",
    fields(null, propertyOf),
  ),
  addNic: many(
    "--add-nic WORDS",
    "a network card: network=LAN,model=vmxnet3,mac=00:50:56:01:02:03 (can be repeated)",
    fields("network", nicOf),
  ),
  removeNic: many("--remove-nic N", "a network card that goes, from 1 (can be repeated)", (text, refuse) =>
    countOf(text, MOST_NICS, refuse),
  ),
  mapNetwork: many("--map-network OLD=NEW", "another name for a network (can be repeated)", pairOf),
  addDisk: many(
    "--add-disk FILE[,controller=NAME]",
    "a disk in any format, on a bus or controller (can be repeated)",
    fields("file", diskOf),
  ),
  resizeDisk: many(
    "--resize-disk ID=SIZE",
    "a larger capacity of a disk, such as vmdisk1=40GiB (can be repeated)",
    (text, refuse) => {
      const [id, size] = pairOf(text, refuse);
      return [id, sizeOf(size, refuse)] as const;
    },
  ),
  eula: one("--eula FILE", "a text file with the licence to accept", said),
  annotation: one("--annotation TEXT", "the note about the machine", said),
  product: one(
    "--product WORDS",
    "the product: name=N,vendor=V,version=2.1,full-version=F,product-url=U,vendor-url=U,app-url=U; class=C says which",
    fields(null, productOf),
  ),
  remove: many("--remove WHAT", "annotation, eula, product, property.KEY or disk.ID (can be repeated)", removableOf),
  patch: one("--patch FILE", "a YAML file with the same words; options count over it", said),
};

/** What `editOptions` were given. */
export type EditChoice = {
  readonly [K in keyof typeof editOptions]: (typeof editOptions)[K] extends OptionSpec<infer V> ? V : never;
};

/** The edits that a command line says, those of its patch before them. */
export async function editsOf(options: EditChoice): Promise<Edits> {
  const { patch, eula } = options;
  const patched = patch === null ? noEdits : await editsIn(patch);
  return joinEdits(patched, {
    machine: options.machine,
    configuration: options.config,
    name: options.name,
    cpus: options.cpus,
    coresPerSocket: options.coresPerSocket,
    memoryBytes: options.memory,
    firmware: options.firmware,
    os: options.os,
    hardwareType: options.hardwareType,
    transports: options.transport,
    values: options.set,
    addProperties: options.addProperty,
    addNics: options.addNic,
    removeNics: options.removeNic,
    mapNetworks: options.mapNetwork,
    addDisks: options.addDisk,
    resizeDisks: options.resizeDisk,
    eula: eula === null ? null : await textOf(eula),
    annotation: options.annotation,
    product: options.product,
    remove: options.remove,
  });
}

/** A patch. Files that it names lie beside it. */
async function editsIn(patch: string): Promise<Edits> {
  const { edits, eulaFile } = readEditPatch(await textOf(patch), path.basename(patch));
  const beside = (file: string): string => path.resolve(path.dirname(patch), file);
  return {
    ...edits,
    addDisks: edits.addDisks.map((disk) => ({ ...disk, file: beside(disk.file) })),
    ...(eulaFile === null ? {} : { eula: await textOf(beside(eulaFile)) }),
  };
}

async function textOf(file: string): Promise<string> {
  const bytes = await readSmallFile(file, MOST_BYTES);
  if (bytes === null) throw new FerryError("io/limit", `${file} is longer than 4 MiB`, { hint: "Check the name." });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll("\r\n", "\n");
  } catch (cause) {
    throw new FerryError("cli/invalid-value", `${file} is no text in UTF-8`, { cause, hint: "Save it as UTF-8." });
  }
}
