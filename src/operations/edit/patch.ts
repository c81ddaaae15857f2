/** Edits that are written down: a YAML file with the words of the options. */
import type { Edits } from "../../platforms/ovf/edit/edits.js";
import { noEdits } from "../../platforms/ovf/edit/edits.js";
import { readYaml, type YamlReader } from "../yaml.js";
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
} from "./words.js";

/** What a patch says, and the files that it names, which whoever reads it has to read. */
export interface EditPatch {
  readonly edits: Edits;
  /** A file with the licence; `null`: none is named. */
  readonly eulaFile: string | null;
}

type Writable = { -readonly [K in keyof Edits]: Edits[K] };

/** One word of a patch. */
type Reader = (edits: Writable, value: unknown, yaml: YamlReader, refuse: Refuse) => void;

const WORDS: Readonly<Record<string, Reader>> = {
  machine: text("machine"),
  config: text("configuration"),
  name: text("name"),
  cpus: (edits, value, yaml, refuse) => {
    edits.cpus = countOf(scalar(yaml, value, refuse), MOST_CPUS, refuse);
  },
  "cores-per-socket": (edits, value, yaml, refuse) => {
    edits.coresPerSocket = countOf(scalar(yaml, value, refuse), MOST_CPUS, refuse);
  },
  memory: (edits, value, yaml, refuse) => {
    edits.memoryBytes = sizeOf(scalar(yaml, value, refuse), refuse);
  },
  firmware: (edits, value, yaml) => {
    edits.firmware = yaml.oneOf(value, FIRMWARE);
  },
  os: text("os"),
  "hardware-type": (edits, value, yaml, refuse) => {
    edits.hardwareType = hardwareTypeOf(scalar(yaml, value, refuse), refuse);
  },
  transport: (edits, value, yaml, refuse) => {
    edits.transports = transportsOf(scalars(yaml, value, "transport", refuse).join(","), refuse);
  },
  set: (edits, value, yaml, refuse) => {
    edits.values = pairs(yaml, value, "set").map(
      ([name, node]) => [settableOf(name, refuse), scalar(yaml, node, refuse)] as const,
    );
  },
  "add-property": (edits, value, yaml, refuse) => {
    edits.addProperties = each(yaml, value, "add-property", null, refuse).map((fields) => propertyOf(fields, refuse));
  },
  "add-nic": (edits, value, yaml, refuse) => {
    edits.addNics = each(yaml, value, "add-nic", "network", refuse).map((fields) => nicOf(fields, refuse));
  },
  "remove-nic": (edits, value, yaml, refuse) => {
    edits.removeNics = scalars(yaml, value, "remove-nic", refuse).map((word) => countOf(word, MOST_NICS, refuse));
  },
  "map-network": (edits, value, yaml, refuse) => {
    edits.mapNetworks = pairs(yaml, value, "map-network").map(
      ([from, node]) => [from, scalar(yaml, node, refuse)] as const,
    );
  },
  "add-disk": (edits, value, yaml, refuse) => {
    edits.addDisks = each(yaml, value, "add-disk", "file", refuse).map((fields) => diskOf(fields, refuse));
  },
  "resize-disk": (edits, value, yaml, refuse) => {
    edits.resizeDisks = pairs(yaml, value, "resize-disk").map(
      ([id, node]) => [id, sizeOf(scalar(yaml, node, refuse), refuse)] as const,
    );
  },
  annotation: text("annotation"),
  product: (edits, value, yaml, refuse) => {
    edits.product = productOf(fieldsIn(yaml, value, "product", refuse), refuse);
  },
  remove: (edits, value, yaml, refuse) => {
    edits.remove = scalars(yaml, value, "remove", refuse).map((what) => removableOf(what, refuse));
  },
};

const EULA = "eula";

/**
 * Reads a patch.
 * @param name how messages call the file
 * @throws `config/bad-yaml`, `config/bad-value`, `config/unknown-key`, each with line and column
 */
export function readEditPatch(content: string, name: string): EditPatch {
  const yaml = readYaml(content, name, "cpus: 4");
  const edits: Writable = { ...noEdits };
  let eulaFile: string | null = null;
  if (yaml.contents === null) return { edits, eulaFile };
  const seen = new Set<string>();
  for (const [key, keyNode, value] of yaml.entries(yaml.contents, "a patch")) {
    const refuse: Refuse = (message, hint) =>
      yaml.refuse("config/bad-value", `${key}: ${message}`, value ?? keyNode, hint);
    if (seen.has(key)) yaml.refuse("config/bad-value", `${key} is given twice`, keyNode);
    seen.add(key);
    if (key === EULA) {
      eulaFile = scalar(yaml, value, refuse);
      continue;
    }
    const read = Object.hasOwn(WORDS, key) ? WORDS[key] : undefined;
    if (read === undefined) yaml.unknownKey(key, keyNode, [...Object.keys(WORDS), EULA]);
    else read(edits, value, yaml, refuse);
  }
  return { edits, eulaFile };
}

function text(field: "machine" | "configuration" | "name" | "os" | "annotation"): Reader {
  return (edits, value, yaml, refuse) => {
    edits[field] = scalar(yaml, value, refuse);
  };
}

function scalar(yaml: YamlReader, node: unknown, refuse: Refuse): string {
  return yaml.scalar(node) ?? refuse("there is no text or number here", "Write one value.");
}

function scalars(yaml: YamlReader, node: unknown, what: string, refuse: Refuse): readonly string[] {
  return yaml.list(node, what).map((item) => scalar(yaml, item, refuse));
}

function pairs(yaml: YamlReader, node: unknown, what: string): readonly (readonly [string, unknown])[] {
  return yaml.entries(node, what).map(([key, , value]) => [key, value] as const);
}

/** The items of a list, each a map of words, or the words as an option has them. */
function each(yaml: YamlReader, node: unknown, what: string, first: string | null, refuse: Refuse): readonly Fields[] {
  return yaml.list(node, what).map((item) => {
    const line = yaml.scalar(item);
    return line === null ? fieldsIn(yaml, item, what, refuse) : fieldsOf(line, first, refuse);
  });
}

function fieldsIn(yaml: YamlReader, node: unknown, what: string, refuse: Refuse): Fields {
  return new Map(pairs(yaml, node, what).map(([name, value]) => [name, scalar(yaml, value, refuse)]));
}
