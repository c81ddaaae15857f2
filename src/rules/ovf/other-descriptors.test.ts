/** Rules whose examples are descriptors of another kind than those of `Example`: other namespaces, OVF 2.x, what stands in the Envelope. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../../base/limits.js";
import { openOvf } from "../../ovf/document.js";
import { OVF_1, OVF_2 } from "../../ovf/namespaces.js";
import { createContext, createNodeRuntime } from "../../runtime/node/runtime.js";
import { parseXml } from "../../xml/parse.js";
import { judge } from "../engine.js";
import { descriptorOf } from "../example.js";
import { createFacts } from "../facts.js";
import { rules } from "../rules.js";

const OVF_0_9 = "http://www.vmware.com/schema/ovf/1/envelope";
const runtime = createNodeRuntime({ worker: new URL("../../worker-node.js", import.meta.url), workers: 0 });
const ctx = createContext(runtime);

async function codesOf(text: string): Promise<Set<string>> {
  const ovf = openOvf(parseXml(new TextEncoder().encode(text), "x.ovf", defaultLimits), () => {});
  const facts = createFacts({ package: null, ovf, appliance: () => null });
  const found = new Set<string>();
  for await (const { diagnostic } of judge(facts, { rules, level: "strict", targets: [] }, ctx))
    found.add(diagnostic.code);
  return found;
}

const usual = descriptorOf({});
const second = usual.replaceAll(OVF_1, OVF_2);

function profile(content: string): string {
  return second.replace("</Network>", `${content}</Network>`);
}

const EPASD = 'xmlns:epasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_EthernetPortAllocationSettingData"';

function bandwidth(unit: string): string {
  const item = `<Item><epasd:AllocationUnits>${unit}</epasd:AllocationUnits><epasd:ElementName>p</epasd:ElementName><epasd:InstanceID>1</epasd:InstanceID></Item>`;
  return profile(`<NetworkPortProfile ${EPASD}>${item}</NetworkPortProfile>`);
}

function startup(attributes: string): string {
  const system = '<VirtualSystem ovf:id="vm"><Info>A machine</Info></VirtualSystem>';
  const section = `<StartupSection><Info>Order</Info><Item ovf:id="tier" ovf:order="1" ${attributes}/></StartupSection>`;
  return descriptorOf({
    content: `<VirtualSystemCollection ovf:id="all"><Info>All</Info>${section}<VirtualSystemCollection ovf:id="tier"><Info>A tier</Info>${system}</VirtualSystemCollection></VirtualSystemCollection>`,
  });
}

function encrypted(algorithm: string): string {
  const section = `<EncryptionSection xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><Info>Keys</Info><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="${algorithm}"/></xenc:EncryptedKey></EncryptionSection>`;
  return second.replace("<VirtualSystem ", `${section}<VirtualSystem `);
}

const cases: readonly (readonly [code: string, invalid: string, valid: string])[] = [
  ["ovf/version-unknown", usual.replaceAll(OVF_1, "http://schemas.dmtf.org/ovf/envelope/3"), second],
  [
    "ovf/version-missing",
    usual.replaceAll(OVF_1, OVF_0_9),
    usual.replaceAll(OVF_1, OVF_0_9).replace("<Envelope ", '<Envelope ovf:version="0.9" '),
  ],
  ["ovf/private-dialect", usual.replace("<Envelope ", '<Envelope xmlns:ovirt="http://www.ovirt.org/ovf" '), usual],
  ["ovf/draft", usual.replaceAll(OVF_1, OVF_0_9), usual],
  ["ovf/envelope-namespace", usual.replaceAll(OVF_1, `${OVF_1}/`), second],
  ["ovf/cim-namespace", usual.replace(/(xmlns:rasd="[^"]*)cim-schema\/2/, "$1cim-schema/3"), usual],
  ["ovf/references-count", usual.replace("<DiskSection>", "<References/><DiskSection>"), usual],
  [
    "ovf/port-profile-uri-invalid",
    profile("<NetworkPortProfileURI>not a uri</NetworkPortProfileURI>"),
    profile("<NetworkPortProfileURI>http://example.org/p.xml</NetworkPortProfileURI>"),
  ],
  ["ovf/port-profile-unit-unknown", bandwidth("megabits a second"), bandwidth("bit / second * 10^6")],
  ["ovf/startup-of-collection", startup('ovf:startDelay="5"'), startup("")],
  [
    "ovf/encryption-algorithm-unknown",
    encrypted("http://example.org/rot13"),
    encrypted("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"),
  ],
];

for (const [code, invalid, valid] of cases) {
  test(`${code} is found in a descriptor that breaks it, and not in one that keeps it`, async () => {
    assert.notEqual(invalid, valid);
    assert.ok((await codesOf(invalid)).has(code));
    assert.ok(!(await codesOf(valid)).has(code));
  });
}
