/** Settings of a spec: the one table behind the reader, the JSON Schema and docs/reference/build.md. */
import { flavours } from "../../platforms/ovf/flavours.js";
import { targets } from "../../targets/targets.js";
import { machineSettings } from "./fields-machine.js";
import {
  count,
  file,
  listOf,
  localized,
  mapOf,
  type RecordShape,
  record,
  required,
  type SettingsOf,
  setting,
  text,
  word,
  yesNo,
} from "./shape.js";
import type {
  AboutSpec,
  GroupSpec,
  IconSpec,
  KeyedPropertySpec,
  MachineSpec,
  NetworkSpec,
  OptionSpec,
  OutputSpec,
  ProductSpec,
  PropertySpec,
  Spec,
  StepSpec,
} from "./spec.js";

const flavour = word(flavours.map(({ id }) => id));
const ovfVersion = word(["1.0", "1.1", "2.0", "2.1"]);
const digest = word(["sha1", "sha256", "sha512"]);
const target = word(targets.all.map(({ id }) => id));

const questions: SettingsOf<PropertySpec> = {
  type: setting(
    text,
    "Its type: `string`, `boolean`, `int`, `uint16`, `real32`, `ip` and the others of DSP0243; `string` by default.",
    "string",
  ),
  label: setting(localized, "The question.", "Host name"),
  description: setting(localized, "More about it.", "{ text: The name of the server, de: Der Name des Servers }"),
  default: setting(text, "The answer unless another one is given.", "web"),
  values: setting(mapOf(text, "OPTION"), "The default in a deployment option.", "{ large: web-large }"),
  category: setting(localized, "The group that it is shown in.", "Network"),
  "user-configurable": setting(yesNo, "Whether it is asked for at all; yes by default.", "yes"),
  password: setting(yesNo, "Whether the answer is a secret.", "no"),
  choices: setting(listOf(text), "The answers that there are (`ValueMap`).", "[small, large]"),
  "min-length": setting(count(0, 1_000_000), "Characters of the answer at least (`MinLen`).", "1"),
  "max-length": setting(count(0, 1_000_000), "Characters of the answer at most (`MaxLen`).", "63"),
  min: setting(text, "The least number (`MinValue`).", "1"),
  max: setting(text, "The largest number (`MaxValue`).", "65535"),
  qualifiers: setting(
    text,
    "Qualifiers as they stand in the descriptor, in place of the settings above.",
    "'MinLen(1), MaxLen(8)'",
  ),
  only: setting(listOf(text), "Deployment options that have it (OVF 2).", "[large]"),
};

const property = record<PropertySpec>("Property", questions, "type");

const keyedProperty = record<KeyedPropertySpec>("Property with its key", {
  key: required(text, "Its key.", "hostname"),
  ...questions,
});

const icon = record<IconSpec>(
  "Icon",
  {
    file: required(file, "The picture.", "logo.png"),
    type: setting(text, "Its media type; left out: by its ending.", "image/png"),
    width: setting(count(1, 65535), "Pixels.", "64"),
    height: setting(count(1, 65535), "Pixels.", "64"),
  },
  "file",
);

const product = record<ProductSpec>(
  "Product",
  {
    name: setting(localized, "What it is called.", "Example Web"),
    vendor: setting(localized, "Who made it.", "Example Org"),
    version: setting(text, "Its version.", "${VERSION}"),
    "full-version": setting(text, "Its version with build number and all.", "${VERSION}+1042"),
    class: setting(text, "Keeps its keys apart from those of other products.", "org.example.web"),
    instance: setting(text, "Keeps them apart from those of another one of its class.", "1"),
    "product-url": setting(text, "Where to read about it.", "https://example.org/web"),
    "vendor-url": setting(text, "The vendor's address.", "https://example.org/"),
    "app-url": setting(text, "Where it answers once it runs; `$${key}` is a property's value.", "https://$${ip}/"),
    icons: setting(listOf(icon), "Pictures.", "logo.png"),
    properties: setting(mapOf(property, "KEY"), "Its questions.", "{ hostname: string }"),
    "property-list": setting(
      listOf(keyedProperty),
      "The same as a list, where a key is there twice.",
      "[{ key: hostname }]",
    ),
  },
  "name",
);

const about: SettingsOf<AboutSpec> = {
  products: setting(listOf(product), "Software with its questions.", "[{ name: Example Web, version: 1.2.3 }]"),
  eulas: setting(
    listOf(localized),
    "Licences that have to be accepted.",
    "[{ file: LICENSE.txt, de: { file: LIZENZ.txt } }]",
  ),
};

const machine = record<MachineSpec>("Machine", { ...machineSettings, ...about });

const network = record<NetworkSpec>(
  "Network",
  { description: setting(localized, "What it is for.", "The inside network") },
  "description",
);

const option = record<OptionSpec>(
  "Deployment option",
  {
    label: setting(localized, "What people call it; left out: its id.", "Large"),
    description: setting(localized, "What it is for.", "For more than 100 users"),
    default: setting(
      yesNo,
      "Whether it is the one that counts unless another is chosen; where none says so, the first.",
      "no",
    ),
  },
  "label",
);

const step = record<StepSpec>(
  "Start",
  {
    machine: required(text, "The id of a machine.", "db"),
    order: setting(count(0, 65535), "Machines of the same number start together; left out: one after the other.", "1"),
    delay: setting(count(0, 65535), "Seconds until the next one starts.", "30"),
  },
  "machine",
);

const group = record<GroupSpec>(
  "Group",
  {
    name: setting(text, "What people call it.", "Backend"),
    members: required(listOf(text), "Ids of machines and groups.", "[db, cache]"),
  },
  "members",
);

const output = record<OutputSpec>(
  "Output",
  {
    file: required(text, "An `.ova`, or a folder, relative to the spec.", "web.ova"),
    flavour: setting(flavour, "Whom it is made for.", "virtualbox"),
    "ovf-version": setting(ovfVersion, "The version of the standard.", "'2.0'"),
    manifest: setting(digest, "The digest of its manifest.", "sha512"),
    targets: setting(listOf(target), "What has to take it.", "[virtualbox-7]"),
  },
  "file",
);

/** A spec. */
export const specShape: RecordShape<Spec> = record<Spec>("Spec", {
  appliance: required(word(["1"]), "The version of this format.", "1"),
  name: setting(text, "What the package is called; left out: as its machine.", "web"),
  variables: setting(
    mapOf(text, "NAME"),
    "Values for `${NAME}` in any text; `--var NAME=VALUE` counts first. One without a value has to be given.",
    "{ VERSION: 1.2.3 }",
  ),
  include: setting(
    listOf(text),
    "Other files whose settings are taken over, unless they are here, too.",
    "[common.yaml]",
  ),
  targets: setting(
    listOf(target),
    "What has to take the package: nothing is written where `validate --for` finds an error.",
    "[vsphere-7, virtualbox-7]",
  ),
  flavour: setting(flavour, "Whom it is made for: `vsphere` by default.", "vsphere"),
  "ovf-version": setting(ovfVersion, "The version of the standard; the flavour's by default.", "'1.1'"),
  manifest: setting(digest, "The digest of the manifest; `sha256` by default.", "sha256"),
  outputs: setting(
    listOf(output),
    "What is written where the command line names nothing.",
    "[web.ova, { file: web-vbox.ova, flavour: virtualbox }]",
  ),
  networks: setting(
    mapOf(network, "NAME"),
    "Networks; those that cards name need not be here.",
    "{ LAN: The inside network }",
  ),
  options: setting(mapOf(option, "ID"), "Deployment options.", "{ small: Small, large: Large }"),
  machine: setting(machine, "The only machine, called as the package.", "{ memory: 2GiB, drives: [root.qcow2] }"),
  machines: setting(
    mapOf(machine, "ID"),
    "Several machines, by their ids.",
    "{ web: { memory: 2GiB }, db: { memory: 4GiB } }",
  ),
  groups: setting(mapOf(group, "ID"), "Collections in the collection.", "{ backend: [db, cache] }"),
  startup: setting(listOf(step), "The order in which machines start.", "[db, web]"),
  ...about,
  strings: setting(
    mapOf(mapOf(text, "MSGID"), "LANGUAGE"),
    "Texts in other languages, by the `msgid` that texts name.",
    "{ de: { title: Webserver } }",
  ),
});
