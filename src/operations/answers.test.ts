// Long: every way in which answers can fall short stands beside the package that asks.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { hasCode } from "../../test/support/errors.js";
import { fc } from "../../test/support/fast-check.js";
import type { Diagnostic } from "../base/diagnostics.js";
import { FerryError } from "../base/errors.js";
import { defaultLimits } from "../base/limits.js";
import type { GivenAnswers, ResolvedAnswers } from "../ovf/answers/answers.js";
import { resolveAnswers } from "../ovf/answers/resolve.js";
import { type OvfDocument, openOvf } from "../ovf/document.js";
import { checkValue } from "../ovf/values/check.js";
import { parseXml } from "../xml/parse.js";
import { noAnswers, parseAnswers, renderAnswers, revealSecrets } from "./answers.js";

const OVF2 = "http://schemas.dmtf.org/ovf/envelope/2";
const CORPUS = "../shared/corpus/ovf";

function open(text: string | Uint8Array, name = "test.ovf"): OvfDocument {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return openOvf(parseXml(bytes, name, defaultLimits), () => {});
}

function envelope(inner: string): OvfDocument {
  return open(`<Envelope xmlns="${OVF2}" xmlns:ovf="${OVF2}">${inner}</Envelope>`);
}

function resolve(document: OvfDocument, answers: GivenAnswers | string) {
  const found: Diagnostic[] = [];
  const given = typeof answers === "string" ? parseAnswers(answers, "answers.yaml") : answers;
  const resolved = resolveAnswers(document, given, (finding) => found.push(finding));
  const lines = found.map(({ code, location }) =>
    location?.at === "text" ? `${code} ${location.line}:${location.column}` : code,
  );
  return { resolved, found, lines };
}

const ask = (key: string, more = "", inner = "", type = "string"): string =>
  `<Property ovf:key="${key}" ovf:type="${type}" ovf:userConfigurable="true" ${more}>${inner}</Property>`;
const OPTIONS = `<DeploymentOptionSection><Info/><Configuration ovf:id="small"><Label>Small</Label><Description/></Configuration>
  <Configuration ovf:id="large"><Label>Large</Label><Description/></Configuration></DeploymentOptionSection>`;
/** Two machines in a collection, each with questions of its own, one of them with the same key. */
const two = envelope(`${OPTIONS}
  <VirtualSystemCollection ovf:id="app"><Info/>
    <ProductSection ovf:class="org.app"><Info/><Product>App</Product>${ask("domain", 'ovf:value="example.org"')}</ProductSection>
    <VirtualSystem ovf:id="web"><Info/><ProductSection><Info/><Product>Web</Product>
      <Category>Network</Category>
      ${ask("hostname", 'ovf:qualifiers="MinLen(1) MaxLen(8)"', "<Label>Host name</Label>")}
      ${ask("zone", 'ovf:value="${org.app.domain}"')}
      ${ask("port", 'ovf:value="80"', '<Value ovf:value="8080" ovf:configuration="large"/>', "uint16")}
      ${ask("color", "ovf:value='red' ovf:qualifiers='ValueMap{\"red\", \"green\"}'")}
      <Property ovf:key="build" ovf:type="string" ovf:value="7"/>
      ${ask("extra", 'ovf:configuration="large" ovf:value="x"')}
    </ProductSection></VirtualSystem>
    <VirtualSystem ovf:id="db"><Info/><ProductSection><Info/><Product>DB</Product>
      ${ask("hostname", 'ovf:value="db01"')}
      ${ask("secret", 'ovf:password="true" ovf:qualifiers="MinLen(8)"')}
    </ProductSection></VirtualSystem>
  </VirtualSystemCollection>`);

function valuesOf({ machines }: ResolvedAnswers): unknown {
  return Object.fromEntries(machines.map(({ id, values }) => [id, Object.fromEntries(values())]));
}

describe("answers", () => {
  it("give each machine its values, with those of the collection around it and of the machines beside it", () => {
    const { resolved, lines } = resolve(
      two,
      "properties: {domain: example.com, secret: 'env:DB_SECRET'}\nmachines:\n  web: {hostname: web01, port: 8443}\n  db: {hostname: db02}\n",
    );
    assert.deepEqual(lines, []);
    assert.deepEqual(valuesOf(resolved), {
      web: {
        "org.app.domain": "example.com",
        hostname: "web01",
        zone: "example.com",
        port: "8443",
        color: "red",
        build: "7",
      },
      db: { "org.app.domain": "example.com", hostname: "db02", secret: { secret: "env:DB_SECRET" } },
    });
    const [web] = resolved.machines;
    assert.deepEqual(
      web?.environment().entities.map(({ id, values }) => [id, values.get("hostname")]),
      [["db", "db02"]],
    );
  });

  it("for all machines hold where no machine has one of its own", () => {
    const { resolved } = resolve(two, "machines: {db: {hostname: db9}}\nproperties: {hostname: any}\n");
    assert.deepEqual(
      resolved.questions
        .filter(({ name }) => name === "hostname")
        .map(({ owner, resolved: { value } }) => [owner, value]),
      [
        ["web", "any"],
        ["db", "db9"],
      ],
    );
  });

  it("go with the deployment option, which decides about defaults and about what is asked", () => {
    const small = resolve(two, "properties: {hostname: a, secret: 'env:X', extra: y}").resolved;
    assert.equal(small.deployment.configuration, "small");
    assert.deepEqual(small.questions.find(({ name }) => name === "port")?.otherDefaults, [
      { configuration: "large", value: "8080" },
    ]);
    assert.equal(
      small.questions.some(({ name }) => name === "extra"),
      false,
    );
    const large = resolve(two, "configuration: large\nproperties: {hostname: a, secret: 'env:X', extra: y}");
    assert.deepEqual(large.lines, []);
    assert.equal(large.resolved.questions.find(({ name }) => name === "port")?.default, "8080");
    assert.equal(large.resolved.questions.find(({ name }) => name === "extra")?.resolved.value, "y");
    assert.throws(() => resolve(two, "configuration: huge"), hasCode("ovf/unknown-configuration"));
  });

  const cases: readonly (readonly [what: string, answers: string, lines: readonly string[]])[] = [
    [
      "a key that nobody asks for",
      "properties: {hostnam: a}",
      ["answers/unknown-property 1:14", "answers/missing", "answers/missing"],
    ],
    [
      "a machine that is not there",
      "machines: {webb: {hostname: a}}",
      ["answers/unknown-machine 1:19", "answers/missing", "answers/missing"],
    ],
    [
      "a key of another machine",
      "machines: {web: {secret: 'env:X'}}",
      ["answers/unknown-property 1:18", "answers/missing", "answers/missing"],
    ],
    [
      "what no user may set",
      "properties: {build: 8}",
      ["answers/not-configurable 1:21", "answers/missing", "answers/missing"],
    ],
    [
      "what the option does not ask",
      "properties: {extra: 8}",
      ["answers/not-asked 1:21", "answers/missing", "answers/missing"],
    ],
    [
      "a number out of its type",
      "properties: {port: 70000}",
      ["answers/breaks-type 1:20", "answers/missing", "answers/missing"],
    ],
    [
      "text where a number belongs",
      "properties: {port: http}",
      ["answers/breaks-type 1:20", "answers/missing", "answers/missing"],
    ],
    [
      "text that is too long",
      "machines: {web: {hostname: abcdefghi}}",
      ["answers/breaks-qualifier 1:28", "answers/missing"],
    ],
    ["text that is too short", "machines: {web: {hostname: ''}}", ["answers/breaks-qualifier 1:28", "answers/missing"]],
    [
      "a value that is none of the map",
      "properties: {color: blue}",
      ["answers/breaks-qualifier 1:21", "answers/missing", "answers/missing"],
    ],
    ["a password as it is", "properties: {secret: swordfish}", ["answers/plain-secret 1:22", "answers/missing"]],
    ["a reference to nothing", "properties: {secret: 'env:'}", ["answers/plain-secret 1:22", "answers/missing"]],
    ["an answer that is left open", "properties:\n  secret:\n", ["answers/missing", "answers/missing 2:3"]],
  ];
  for (const [what, answers, lines] of cases) {
    it(`fall short by ${what}`, () => {
      const { found, lines: told } = resolve(two, answers);
      assert.deepEqual([...told].sort(), [...lines].sort());
      assert.doesNotMatch(JSON.stringify(found), /swordfish/);
    });
  }

  it("that are misspelled are told what is spelled like them", () => {
    const { found } = resolve(
      two,
      "properties: {hostnme: a, 'org.app.domian': b}\nmachines: {wbe: {}, db: {secrt: 'env:X'}, weeb: {a: b}}",
    );
    assert.deepEqual(
      found.filter(({ code }) => code.startsWith("answers/unknown")).map(({ hint }) => hint),
      ["Did you mean hostname?", "Did you mean org.app.domain?", "Did you mean secret?", "Did you mean web?"],
    );
  });

  it("to thousands of questions that nobody asks are judged in time", () => {
    const many = envelope(
      `<VirtualSystem ovf:id="m"><Info/><ProductSection><Info/>${Array.from({ length: 5000 }, (_, i) => ask(`key${i}`)).join("")}</ProductSection></VirtualSystem>`,
    );
    const answers = `properties:\n${Array.from({ length: 20_000 }, (_, i) => `  kye${i}: a`).join("\n")}\n`;
    const started = performance.now();
    assert.equal(resolve(many, answers).lines.length, 20_000);
    assert.ok(performance.now() - started < 20_000);
  });

  it("are read with their secrets, which are held to the questions and shown nowhere", async () => {
    const { resolved } = resolve(two, "properties: {hostname: a, secret: 'env:X'}");
    const reveal = async (secret: string | FerryError) => {
      const found: Diagnostic[] = [];
      const secrets = await revealSecrets(
        resolved,
        async () => {
          if (typeof secret !== "string") throw secret;
          return secret;
        },
        (finding) => found.push(finding),
      );
      return { secrets, found };
    };
    assert.deepEqual(await reveal("long enough"), { secrets: new Map([["env:X", "long enough"]]), found: [] });
    const { found } = await reveal("short");
    assert.deepEqual(
      found.map(({ code }) => code),
      ["answers/breaks-qualifier"],
    );
    assert.doesNotMatch(JSON.stringify(found), /"short"|short /);
    const gone = await reveal(new FerryError("secret/unavailable", "it is not there"));
    assert.deepEqual(
      gone.found.map(({ code, severity }) => [code, severity]),
      [["secret/unavailable", "error"]],
    );
    await assert.rejects(reveal(new FerryError("run/canceled", "stop")), hasCode("run/canceled"));
  });
});

describe("a file of answers", () => {
  it("has every question with what it takes, machines apart where they ask the same", () => {
    const { resolved } = resolve(two, noAnswers);
    assert.equal(
      renderAnswers("app.ova", resolved),
      `# Answers to the questions of app.ova.
# Change what is behind the colons, then: vmferry properties PACKAGE --check THIS-FILE

# The deployment option. There are:
#   small: Small
#   large: Large
configuration: small

properties:

  # text, default "example.org"
  domain: example.org

  # == Network ==
  # text, default "\${org.app.domain}"
  zone: "\${org.app.domain}"

  # whole number from 0 to 65535, default "80", with large "8080"
  port: 80

  # text, one of red, green, default "red"
  color: red

  # password, at least 8 characters, has to be answered
  secret: env:SECRET

# Questions that several machines ask, each by itself.
machines:
  web:

    # == Network ==
    # Host name
    # text, at least 1 character, at most 8 characters, has to be answered
    hostname:
  db:

    # text, default "db01"
    hostname: db01
`,
    );
  });

  const refusals: readonly (readonly [text: string, code: string, line: number, column: number])[] = [
    ["propertys: {}", "config/unknown-key", 1, 1],
    ["properties: [a]", "config/bad-value", 1, 13],
    ["properties:\n  a: [b]", "config/bad-value", 2, 6],
    ["properties:\n  a: {b: c}", "config/bad-value", 2, 6],
    ["properties:\n  a: 1\n  a: 2", "config/bad-yaml", 3, 3],
    ["machines: {m: text}", "config/bad-value", 1, 15],
    ["properties: {a: &x 1, b: *x}", "config/bad-value", 1, 26],
    ["properties: {a", "config/bad-yaml", 1, 15],
    ["- a", "config/bad-value", 1, 1],
  ];
  for (const [text, code, line, column] of refusals) {
    it(`is refused with its place: ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseAnswers(text, "a.yaml"),
        (error) => {
          assert.ok(error instanceof FerryError);
          assert.deepEqual([error.code, error.location], [code, { at: "text", file: "a.yaml", line, column }]);
          return true;
        },
      );
    });
  }

  it("may be empty", () => {
    for (const text of ["", "# nothing", "properties:\nmachines:\n"])
      assert.deepEqual(parseAnswers(text, "a"), noAnswers);
  });

  it("takes numbers, words and dates as they are written", () => {
    const { values } = parseAnswers(
      "properties: {a: 010, b: 1.10, c: true, d: yes, e: 0x1F, f: ~, g: 2024-01-01, h: ''}",
      "a",
    );
    assert.deepEqual(
      values.map(({ value }) => value),
      ["010", "1.10", "true", "yes", "0x1F", null, "2024-01-01", ""],
    );
  });

  it("is read back as it was written, whatever keys, texts and values hold", () => {
    const text = fc.string({ unit: "binary", maxLength: 12 }).map((value) =>
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML cannot hold them
      value.replace(/[\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/g, "\u2028").trim(),
    );
    const xml = (value: string): string =>
      value
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll('"', "&quot;")
        .replaceAll(/[\t\n\r\u0085]/g, (c) => `&#${c.charCodeAt(0)};`);
    fc.assert(
      fc.property(
        fc.uniqueArray(
          text.filter((key) => key !== ""),
          { minLength: 1, maxLength: 4 },
        ),
        text,
        text.filter((value) => !value.includes("${")),
        (keys, label, value) => {
          const inner = keys
            .map((key) => ask(xml(key), `ovf:value="${xml(value)}"`, `<Label>${xml(label)}</Label>`))
            .join("");
          const document = envelope(
            `<VirtualSystem ovf:id="m"><Info/><ProductSection><Info/>${inner}</ProductSection></VirtualSystem>`,
          );
          const first = resolve(document, noAnswers);
          const again = resolve(document, renderAnswers(label, first.resolved));
          assert.deepEqual(again.lines, []);
          assert.deepEqual(valuesOf(again.resolved), valuesOf(first.resolved));
        },
      ),
    );
  });

  it("of any package in the corpus falls short only by what has no default, or by defaults that do not fit", {
    skip: existsSync(CORPUS) ? false : "../shared is absent",
  }, () => {
    let asked = 0;
    for (const name of readdirSync(CORPUS).filter((file) => file.endsWith(".ovf"))) {
      let document: OvfDocument;
      try {
        document = open(new Uint8Array(readFileSync(join(CORPUS, name))), name);
      } catch (cause) {
        if (cause instanceof FerryError) continue;
        throw cause;
      }
      const first = resolve(document, noAnswers).resolved;
      asked += first.questions.length;
      const { found, resolved } = resolve(document, renderAnswers(name, first));
      for (const { code, data } of found.filter(({ severity }) => severity === "error")) {
        const question = first.questions.find(({ key }) => key === data?.property);
        assert.ok(question !== undefined, `${name}: ${code}`);
        if (code === "answers/missing") assert.ok(question.required, name);
        else
          assert.notDeepEqual(
            checkValue(question.type, question.qualifiers, question.default ?? ""),
            [],
            `${name} ${code} ${question.key}`,
          );
      }
      assert.equal(resolved.questions.length, first.questions.length, name);
    }
    assert.ok(asked > 200, `${asked}`);
  });
});
