import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FerryError } from "../../base/errors.js";
import { specShape } from "./fields.js";
import { type LoweredSpec, lowerSpec } from "./lower.js";
import type { TextValue } from "./shape.js";
import { fileOf, readTree, type SpecNode, withVariables } from "./tree.js";

interface Given {
  readonly files?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
}

async function lowered(text: string, { files = {}, variables = {} }: Given = {}): Promise<LoweredSpec> {
  const tree = await readTree(
    text,
    "spec.yaml",
    (file) => file,
    async (file) => files[file] ?? assert.fail(`no file ${file}`),
  );
  const texts: TextValue[] = [];
  const spec = specShape.read(withVariables(tree, new Map(Object.entries(variables))), "", { texts });
  for (const value of texts) if (value.file?.kind === "scalar") value.text = files[value.file.text] ?? "";
  return lowerSpec(spec, "spec", ({ path, at }) => ({ name: fileOf(at, path) ?? path, size: 1 }));
}

async function refusal(text: string, given: Given = {}): Promise<string> {
  try {
    await lowered(text, given);
  } catch (cause) {
    if (!(cause instanceof FerryError)) throw cause;
    const { location } = cause;
    const place = location?.at === "text" ? `${location.file}:${location.line}:${location.column}` : "nowhere";
    return `${cause.code} ${place} ${cause.hint ?? ""}`.trim();
  }
  return assert.fail("it was taken");
}

const MACHINE = "appliance: 1\nmachine:\n  memory: 1GiB\n";

describe("a spec", () => {
  it("becomes the appliance that it describes", async () => {
    const { appliance, authored } = await lowered(
      [
        "appliance: 1",
        "name: shop",
        "options: { small: Small, large: { label: Large, default: yes } }",
        "machines:",
        "  web:",
        "    name: { text: Web, de: Netz }",
        "    cpus: 2",
        "    memory: 1536MiB",
        "    controllers: { scsi0: { bus: scsi, model: pvscsi } }",
        "    drives: [{ disk: sub/root.qcow2 }, { size: 10GiB, id: data, shared: yes, only: [large] }, { cdrom: seed.iso }]",
        "    nics: [LAN, { network: DMZ, mac: 00-50-56-01-02-03, connected: no }]",
        "    boot: [drive:0, network]",
        "    options: { large: { cpus: 8 } }",
        "    products: [{ name: Web, properties: { host: { values: { large: big }, choices: [a, b] } } }]",
        "  db: { memory: 2GiB, drives: [{ same-as: data }] }",
        "startup: [db, { machine: web, delay: 5 }]",
      ].join("\n"),
    );
    const [web, db] = appliance.machines;
    assert.equal(appliance.name, "shop");
    assert.deepEqual([web?.name, web?.cpu.count, web?.memoryBytes], ["Web", 2, 1536 * 2 ** 20]);
    assert.deepEqual(
      web?.attachments.map(({ device, disk, file, controller }) => [device, disk, file, controller]),
      [
        ["disk", "root", null, "scsi0"],
        ["disk", "data", null, "scsi0"],
        ["cdrom", null, "seed", null],
      ],
    );
    assert.deepEqual(
      appliance.disks.map(({ id, file, capacityBytes, shared }) => [id, file, capacityBytes, shared]),
      [
        ["root", "sub/root.qcow2", 0, false],
        ["data", null, 10 * 2 ** 30, true],
      ],
    );
    assert.equal(db?.attachments[0]?.disk, "data");
    assert.deepEqual(
      web?.nics.map(({ network, mac, connected }) => [network, mac, connected]),
      [
        ["LAN", null, true],
        ["DMZ", "00:50:56:01:02:03", false],
      ],
    );
    assert.deepEqual(web?.boot, [
      { device: "disk", index: 0 },
      { device: "network", index: null },
    ]);
    assert.deepEqual(
      appliance.startup.map(({ machine, order, startDelaySeconds }) => [machine, order, startDelaySeconds]),
      [
        ["db", 0, 0],
        ["web", 1, 5],
      ],
    );
    assert.deepEqual(
      appliance.options.map(({ id, default: chosen }) => [id, chosen]),
      [
        ["small", false],
        ["large", true],
      ],
    );
    assert.equal(appliance.products[0]?.properties[0]?.qualifiers, 'ValueMap{"a", "b"}');
    assert.deepEqual(authored.products[0]?.properties[0]?.values, [["large", "big"]]);
    assert.deepEqual(authored.machines.get("web")?.drives.get("disk data")?.only, ["large"]);
    // "Web" is the machine's name and the product's: one text, one translation.
    assert.deepEqual([...authored.messages], [["Web", "text.1"]]);
    assert.deepEqual(authored.bundles, [{ language: "de", texts: [["text.1", "Netz"]] }]);
  });

  it("takes over what it includes, and its own words count", async () => {
    const files = {
      "common/base.yaml": "machine: { memory: 1GiB, cpus: 4, drives: [root.img] }\nvariables: { A: base }",
      LICENSE: "Be nice.",
    };
    const { appliance } = await lowered(
      "appliance: 1\ninclude: common/base.yaml\nname: ${A}-$${A}\nmachine: { cpus: 2, eulas: { file: LICENSE } }",
      { files, variables: { A: "given" } },
    );
    const [machine] = appliance.machines;
    assert.deepEqual([machine?.id, machine?.cpu.count, machine?.memoryBytes], ["given-${A}", 2, 2 ** 30]);
    // Files are named relative to the YAML that names them.
    assert.equal(appliance.disks[0]?.file, "common/root.img");
    assert.equal(appliance.eulas[0]?.text, "Be nice.");
  });

  for (const [what, text, expected, given] of [
    ["nothing in it", "", "build/missing-setting spec.yaml:1:1 As in `appliance: 1`."],
    ["no machine", "appliance: 1", "build/missing-setting spec.yaml:1:1 As in `machine: { memory: 2GiB }`."],
    ["an unknown setting", "appliance: 1\nmachin: {}", "config/unknown-key spec.yaml:2:1 Did you mean machine?"],
    ["an unknown setting inside", `${MACHINE}  nic: [LAN]`, "config/unknown-key spec.yaml:4:3 Did you mean nics?"],
    ["no memory", "appliance: 1\nmachine: { cpus: 1 }", "build/missing-setting spec.yaml:2:10 As in `memory: 2GiB`."],
    ["a word that is none", `${MACHINE}  firmware: uefi`, "config/bad-value spec.yaml:4:13 Did you mean efi?"],
    [
      "a size that is none",
      "appliance: 1\nmachine: { memory: lots }",
      "config/bad-value spec.yaml:2:20 As in 4GiB, 512MiB or 1048576.",
    ],
    [
      "a drive of two kinds",
      `${MACHINE}  drives: [{ disk: a, cdrom: b }]`,
      "config/bad-value spec.yaml:4:12 As in `{ disk: root.qcow2 }`, `{ size: 20GiB }` or `{ cdrom: seed.iso }`; disk and size may stand together.",
    ],
    [
      "a controller that is not there",
      `${MACHINE}  controllers: { scsi0: scsi }\n  drives: [{ disk: a, controller: scsi1 }]`,
      "build/unknown-reference spec.yaml:5:12 Did you mean scsi0?",
    ],
    [
      "a machine that is not there",
      `${MACHINE}startup: [db]`,
      "build/unknown-reference spec.yaml:4:11 There are: spec.",
    ],
    [
      "an option that is not there",
      `${MACHINE}  options: { big: { cpus: 1 } }`,
      "build/unknown-reference spec.yaml:4:14 There are none.",
    ],
    [
      "a variable without a value",
      `${MACHINE}  cpus: \${N}`,
      "build/unknown-variable spec.yaml:4:9 Give it a value: --var N=VALUE. For the text itself write $${N}.",
    ],
    [
      "a variable that nobody uses",
      MACHINE,
      "build/unused-variable nowhere Write ${NAME} where its value belongs.",
      { variables: { N: "1" } },
    ],
    ["itself in it", "appliance: 1\ninclude: spec.yaml", "build/include-loop spec.yaml:2:10"],
    [
      "a file outside to include",
      "appliance: 1\ninclude: ../x.yaml",
      "build/outside-file spec.yaml:2:10 Include files below it.",
    ],
    [
      "two meanings of one text",
      `${MACHINE}  name: { text: A, de: B }\n  annotation: { text: A, de: C }`,
      "build/two-translations spec.yaml:5:15 Say it in other words at one of its places.",
    ],
    [
      "an error in an included file",
      "include: a/b.yaml",
      "config/unknown-key a/b.yaml:2:1 Did you mean name?",
      { files: { "a/b.yaml": "appliance: 1\nnam: x" } },
    ],
    ["no YAML", "appliance: [", "config/bad-yaml spec.yaml:1:13 It is a YAML file such as `appliance: 1`."],
    [
      "lists without end",
      "[".repeat(100_000),
      "config/bad-yaml spec.yaml:1:821 It is a YAML file such as `appliance: 1`.",
    ],
    [
      "an alias",
      "appliance: &a 1\nname: *a",
      "config/bad-value spec.yaml:2:7 It is a YAML file such as `appliance: 1`.",
    ],
  ] as const) {
    it(`with ${what} is refused with its place`, async () => {
      assert.equal(await refusal(text, given ?? {}), expected);
    });
  }

  it("names files with dots in their paths as they are meant", () => {
    const at = { kind: "nothing", within: "a/b/" } as SpecNode;
    assert.deepEqual(
      ["c", "../c", "../../c", "../../../c", "/c", "./c//d"].map((path) => fileOf(at, path)),
      ["a/b/c", "a/c", "c", null, null, "a/b/c/d"],
    );
  });
});
