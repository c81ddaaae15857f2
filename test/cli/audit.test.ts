/** Each check of an audit, on a package that has what it looks for, and on one that has not. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { run } from "../../src/cli/program.js";
import { auditChecks } from "../../src/operations/audit/audit.js";
import { isSecretName } from "../../src/operations/audit/properties.js";
import type { AuditResult } from "../../src/report/results.js";
import { descriptorOf, ovaOf, packageOf } from "../support/packages.js";
import { captureStreams } from "../support/streams.js";

const folder = mkdtempSync(join(tmpdir(), "vmferry-audit-"));
after(() => rmSync(folder, { recursive: true }));
let counter = 0;

async function audit(source: string): Promise<AuditResult & { readonly text: string; readonly exitCode: number }> {
  const streams = captureStreams();
  const words = ["verify", source, "--audit", "--json", "--workers", "0"];
  const exitCode = await run(words, streams, new AbortController().signal);
  const text = streams.out();
  return { ...(JSON.parse(text).audit ?? assert.fail(text)), text, exitCode };
}

function made(change: (descriptor: string) => string, more: Readonly<Record<string, Uint8Array>> = {}): string {
  const file = join(folder, `${counter++}.ova`);
  const descriptor = change(descriptorOf([{ href: "disk.img", use: "disk" }]));
  writeFileSync(file, ovaOf(packageOf(descriptor, { "disk.img": new Uint8Array(512), ...more })));
  return file;
}

type Change = (descriptor: string) => string;

const before =
  (anchor: string, text: string): Change =>
  (descriptor) =>
    descriptor.replace(anchor, `${text}\n    ${anchor}`);
const product = (inner: string): Change =>
  before("<VirtualHardwareSection>", `<ProductSection><Info>I</Info><Product>P</Product>${inner}</ProductSection>`);
const property = (key: string, attributes: string): Change =>
  product(`<Property ovf:key="${key}" ovf:type="string" ${attributes}/>`);
const item = (inner: string): Change =>
  before(
    "</VirtualHardwareSection>",
    `<Item><rasd:ElementName>e</rasd:ElementName><rasd:InstanceID>90</rasd:InstanceID>${inner}</Item>`,
  );
const extra =
  (key: string, value = "PLANTED-VALUE"): Change =>
  (descriptor) =>
    before(
      "</VirtualHardwareSection>",
      `<vmw:ExtraConfig ovf:required="false" vmw:key="${key}" vmw:value="${value}"/>`,
    )(
      descriptor.includes("xmlns:vmw")
        ? descriptor
        : descriptor.replace("<Envelope ", '<Envelope xmlns:vmw="http://www.vmware.com/schema/ovf" '),
    );
const vbox = (inner: string): Change =>
  before(
    "</VirtualSystem>",
    `<vbox:Machine xmlns:vbox="http://www.virtualbox.org/ovf/machine" ovf:required="false" version="1.19-linux">${inner}</vbox:Machine>`,
  );

/** What each check finds, as a pattern of its message. Everything else about the package is in order. */
const cases: Readonly<Record<string, readonly (readonly [Change, RegExp])[]>> = {
  "audit/default-password": [
    [property("pw", 'ovf:password="true" ovf:userConfigurable="true" ovf:value="PLANTED-VALUE"'), /"pw" has a value/],
  ],
  "audit/plain-secret": [
    [property("rootPassword", 'ovf:userConfigurable="true" ovf:value="PLANTED-VALUE"'), /"rootPassword" is named like/],
    [extra("guestinfo.admin_token"), /the option "guestinfo\.admin_token" is named like a secret/],
  ],
  "audit/hidden-property": [[property("build", 'ovf:value="7"'), /"build" has a value that no user/]],
  "audit/script": [
    [property("a", 'ovf:userConfigurable="true" ovf:value="#cloud-boothook&#10;id"'), /holds a script/],
    [property("b", 'ovf:userConfigurable="true" ovf:value="## template: jinja&#10;#cloud-config"'), /a template/],
    [property("c", 'ovf:userConfigurable="true" ovf:value="Content-Type: text/cloud-config"'), /a message/],
    [property("user-data", 'ovf:userConfigurable="true" ovf:value="#cloud-config"'), /configuration for cloud-init/],
    [
      property("init", `ovf:userConfigurable="true" ovf:value="${btoa(`#!/bin/sh\n${"x".repeat(40)}`)}"`),
      /a script, in base64/,
    ],
  ],
  "audit/serial-port": [
    [extra("serial0.fileName"), /a serial port by the option/],
    [
      item(
        "<rasd:HostResource>pipe</rasd:HostResource><rasd:ResourceSubType>vmware.serialport.pipe</rasd:ResourceSubType><rasd:ResourceType>21</rasd:ResourceType>",
      ),
      /a serial port \("vmware\.serialport\.pipe", "pipe"\)/,
    ],
    [
      vbox('<Hardware><UART><Port slot="0" enabled="true" hostMode="HostPipe" path="/tmp/p"/></UART></Hardware>'),
      /connected to HostPipe "\/tmp\/p"/,
    ],
  ],
  "audit/parallel-port": [
    [extra("parallel0.fileName"), /a parallel port by the option/],
    [item("<rasd:ResourceType>22</rasd:ResourceType>"), /a parallel port/],
  ],
  "audit/shared-folder": [
    [extra("sharedFolder0.hostPath"), /shared by the option/],
    [
      vbox(
        '<Hardware><SharedFolders><SharedFolder name="h" hostPath="/home" writable="true"/></SharedFolders></Hardware>',
      ),
      /"\/home" of the host is shared, writable/,
    ],
  ],
  "audit/usb-filter": [
    [
      vbox('<Hardware><USB><DeviceFilters><DeviceFilter name="key" active="true"/></DeviceFilters></USB></Hardware>'),
      /the filter "key"/,
    ],
  ],
  "audit/host-device": [
    [
      item(
        "<rasd:ResourceSubType>e1000</rasd:ResourceSubType><rasd:ResourceSubType>vmware.pcipassthrough</rasd:ResourceSubType><rasd:ResourceType>1</rasd:ResourceType>",
      ),
      /passed through/,
    ],
    [
      item("<rasd:HostResource>/dev/sda</rasd:HostResource><rasd:ResourceType>1</rasd:ResourceType>"),
      /the device "\/dev\/sda" of the host/,
    ],
    [
      item(
        "<rasd:ResourceSubType>vmware.pcipassthrough</rasd:ResourceSubType><rasd:ResourceType>1</rasd:ResourceType>",
      ),
      /passed through/,
    ],
    [
      item(
        "<rasd:ResourceSubType>vmware.cdrom.remotepassthrough vmware.pcipassthrough</rasd:ResourceSubType><rasd:ResourceType>1</rasd:ResourceType>",
      ),
      /passed through \("vmware\.pcipassthrough"\)/,
    ],
  ],
  "audit/own-network": [
    [
      vbox('<Hardware><Network><Adapter slot="0" enabled="true"><BridgedInterface/></Adapter></Network></Hardware>'),
      /bridged to the network of the host/,
    ],
    [
      vbox(
        '<Hardware><Network><Adapter slot="0" enabled="true" promiscuousModePolicy="AllowAll"/></Network></Hardware>',
      ),
      /may listen to the traffic of others/,
    ],
    [
      vbox(
        '<Hardware><Network><Adapter slot="0" enabled="true"><NAT><Forwarding name="ssh" proto="1" hostport="2222" guestport="22"/></NAT></Adapter></Network></Hardware>',
      ),
      /the port "2222" of the host leads to the port "22"/,
    ],
  ],
  "audit/remote-display": [[vbox('<Hardware><RemoteDisplay enabled="true"/></Hardware>'), /over the network \(VRDE\)/]],
  "audit/dangerous-config": [
    [extra("isolation.tools.copy.disable"), /opens the clipboard/],
    [vbox('<ExtraData><ExtraDataItem name="VBoxInternal/x" value="PLANTED-VALUE"/></ExtraData>'), /"VBoxInternal\/x"/],
  ],
  "audit/extra-config": [[extra("some.thing"), /"some\.thing" is set/]],
  "audit/external-reference": [
    [
      (text) => text.replace('ovf:href="disk.img"', 'ovf:href="https://user:PLANTED-VALUE@vendor.example/d.img"'),
      /on vendor\.example$/,
    ],
  ],
  "audit/odd-text": [
    [product('<Property ovf:key="k" ovf:type="string"><Label>a&#x202E;b</Label></Property>'), /hide or turn/],
    [
      product('<Property ovf:key="k" ovf:type="string"><Label>&lt;script&gt;</Label></Property>'),
      /a browser would run/,
    ],
  ],
  "audit/vendor-unproven": [[product("<Vendor>Example Org</Vendor>"), /"Example Org" made it, and nobody signed it/]],
  "audit/environment": [
    [
      (text) => text.replace("<VirtualHardwareSection>", '<VirtualHardwareSection ovf:transport="iso">'),
      /its environment by "iso"/,
    ],
  ],
  "audit/licence": [
    [
      before("<VirtualHardwareSection>", "<EulaSection><Info>I</Info><License>Terms</License></EulaSection>"),
      /1 licence text of 5/,
    ],
  ],
};

describe("an audit", () => {
  it("of a package with nothing special finds nothing", async () => {
    const { findings, asks, exitCode } = await audit(made((text) => text));
    assert.deepEqual(findings, []);
    assert.equal(exitCode, 0);
    assert.deepEqual(
      [asks.machines, asks.cpus, asks.memoryBytes, asks.capacityBytes],
      [1, 1, 64 * 2 ** 20, 8 * 2 ** 20],
    );
  });

  for (const { code } of auditChecks) {
    if (code === "audit/unlisted-file") continue;
    it(`finds ${code}, and shows no value`, async () => {
      for (const [change, message] of cases[code] ?? assert.fail("there is no case for it")) {
        const { findings } = await audit(made(change));
        const own = findings.filter((finding) => finding.code === code);
        assert.equal(own.length, 1, JSON.stringify(findings));
        assert.match(own[0]?.message ?? "", message);
        assert.ok(!JSON.stringify(findings).includes("PLANTED-VALUE"), code);
      }
    });
  }

  it("calls no option dangerous that closes what it names, and one dangerous whose second value opens it", async () => {
    const codes = async (change: Change) => (await audit(made(change))).findings.map(({ code }) => code);
    for (const [key, closed, open] of [
      ["isolation.tools.copy.disable", "TRUE", "FALSE"],
      ["ethernet0.noPromisc", "true", "false"],
      ["RemoteDisplay.vnc.enabled", "false", "1"],
      ["pciPassthru0.present", "0", "TRUE"],
    ] as const) {
      assert.deepEqual(await codes(extra(key, closed)), ["audit/extra-config"], key);
      assert.ok((await codes(extra(key, open))).includes("audit/dangerous-config"), key);
      const both = await codes((text) => extra(key, open)(extra(key, closed)(text)));
      assert.ok(both.includes("audit/dangerous-config"), key);
    }
  });

  it("is silent about what VMware writes into every machine: a drive of the console's user, bits of addresses", async () => {
    const drive = item(
      "<rasd:ResourceSubType>vmware.cdrom.remotepassthrough</rasd:ResourceSubType><rasd:ResourceType>15</rasd:ResourceType>",
    );
    const { findings } = await audit(made((text) => drive(extra("monitor.phys_bits_used", "43")(text))));
    assert.deepEqual(
      findings.map(({ code }) => code),
      ["audit/extra-config"],
    );
  });

  it("finds audit/unlisted-file", async () => {
    const { findings } = await audit(made((text) => text, { "more.bin": new Uint8Array(9) }));
    assert.deepEqual(
      findings.map(({ code, message }) => `${code} ${message}`),
      ['audit/unlisted-file nothing refers to "more.bin"'],
    );
  });

  it("tells at most twenty of a kind one by one, and how many more there are", async () => {
    const many = Array.from({ length: 50 }, (_, i) => `<Property ovf:key="k${i}" ovf:type="string" ovf:value="x"/>`);
    const { findings } = await audit(made(product(many.join(""))));
    assert.equal(findings.length, 21);
    assert.equal(findings.at(-1)?.message, "30 more findings of this kind");
  });

  it("says of every target what the package would come to there", async () => {
    const { platforms } = await audit("test/fixtures/packages/compose-disks/tide.ova");
    const of = (target: string) => platforms?.find((one) => one.target === target);
    assert.equal(of("virtualbox-7")?.outlook, "refused");
    assert.match(of("virtualbox-7")?.worst ?? "", /has no file/);
    assert.ok((platforms?.length ?? 0) > 12);
  });

  it("knows names of secrets, and words that only look so", () => {
    for (const name of [
      "password",
      "adminPassword",
      "root_pwd",
      "root_pw",
      "db.secret",
      "API_KEY",
      "auth-token",
      "private_key",
    ]) {
      assert.ok(isSecretName(name), name);
    }
    for (const name of ["compass", "passive_mode", "keyboard", "tokenizer", "hostname", "bypass"]) {
      assert.ok(!isSecretName(name), name);
    }
  });

  const corpus = "../shared/corpus/ovf";
  it("of every descriptor of the corpus ends, in bounded output", {
    skip: existsSync(corpus) ? false : "../shared is absent",
  }, async () => {
    let audited = 0;
    for (const name of readdirSync(corpus)) {
      if (!name.endsWith(".ovf")) continue;
      const streams = captureStreams();
      const words = ["verify", join(corpus, name), "--audit", "--json", "--workers", "0"];
      await run(words, streams, new AbortController().signal);
      const { audit: result, error } = JSON.parse(streams.out());
      if (error !== undefined || result === null) continue;
      audited++;
      assert.ok(result.findings.length <= 21 * auditChecks.length, name);
    }
    assert.ok(audited > 150, `${audited} were audited`);
  });
});
