import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance, Machine } from "../../appliance/appliance.js";
import { fit } from "../../appliance/fit.js";
import {
  appliance,
  biosIdeCd,
  disk,
  efiSataVirtio,
  machine,
  nvmeSecure,
  scsiMultiDisk,
} from "../../appliance/testing/samples.js";
import type { FerryError } from "../../base/errors.js";
import { targets } from "../../targets/targets.js";
import type { ExportPlan } from "../platform.js";
import { exportHyperv, type HypervOptions } from "./export.js";
import { assign, cmd, num, op, pipe, quotePs, ref, renderExpression, renderScript, str } from "./powershell.js";

function run(source: Appliance, options: Partial<HypervOptions> = {}): ExportPlan {
  const target = targets.get("hyperv-2025");
  const { appliance: fitted, shapes } = fit(source, target);
  return exportHyperv(fitted, shapes, target, options);
}

const script = (plan: ExportPlan): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(plan.configs[0]?.bytes);
const codesOf = (plan: ExportPlan): string[] => plan.notes.map((n) => n.code);
const one = (parts: Partial<Machine>, rest: Partial<Appliance> = {}): Appliance =>
  appliance({ machines: [machine(parts)], ...rest });

/**
 * Reads PowerShell's single-quoted strings as PowerShell does: any of five quotes opens and closes, a pair inside is one. What is left between
 * them is code.
 */
function split(text: string): { readonly strings: string[]; readonly code: string } {
  const quotes = "'\u2018\u2019\u201a\u201b";
  const strings: string[] = [];
  let code = "";
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "<" && text.charAt(i + 1) === "#") i = text.indexOf("#>", i) + 1;
    else if (c === "#") i = text.indexOf("\n", i);
    else if (!quotes.includes(c)) code += c;
    else {
      let value = "";
      for (i++; i < text.length; i++) {
        if (!quotes.includes(text.charAt(i))) value += text.charAt(i);
        else if (quotes.includes(text.charAt(i + 1))) value += text.charAt(++i);
        else break;
      }
      strings.push(value);
      code += "''";
    }
  }
  return { strings, code };
}

test("a literal means its text, with every quote that PowerShell knows", () => {
  for (const value of [
    "it's",
    "\u2018a\u2019 \u201ab\u201b",
    "''",
    '$(rm) `n "x"',
    "a\r\nb",
    "",
    "'; Remove-VM *; '",
  ]) {
    assert.deepEqual(split(`${quotePs(value)} `), { strings: [value], code: "'' " });
  }
});

test("names of our own are checked, and numbers are whole", () => {
  const bug = (error: FerryError): boolean => error.code === "internal/bug";
  const render = (statement: ReturnType<typeof assign>): string =>
    renderScript({ synopsis: "s", description: [], parameters: [], body: [statement] });
  assert.throws(() => render(assign("a b", num(1))), bug);
  assert.throws(() => render(assign("a", pipe(cmd("Get-VM; x")))), bug);
  assert.throws(() => renderExpression(ref("x)")), bug);
  assert.throws(() => renderExpression(num(0.5)), bug);
});

test("operators keep their operands together", () => {
  const either = op(op(ref("a"), "-eq", num(1)), "-or", op(ref("b"), "-ne", str("x")));
  assert.equal(renderExpression({ kind: "not", of: either }), "-not (($a -eq 1) -or ($b -ne 'x'))");
});

test("hostile names and annotations stay inside their literals", () => {
  const evil = "x\u2019; Remove-Item C:\\ -Recurse #>\n$(calc) @{";
  const source = one({
    name: evil,
    annotation: evil,
    nics: [{ network: evil, kind: null, vlan: null, model: null, mac: null, connected: true, portProfile: null }],
  });
  const { code, strings } = split(script(run(source)));
  assert.ok(!/Remove-Item|calc/.test(code));
  const oneLine = evil.replace(/\s+/g, " ");
  assert.ok(strings.includes(oneLine));
  assert.ok(strings.includes(evil.replace("\n", "\r\n")));
  assert.ok(!/#>[\s\S]*#>/.test(script(run(source)).split("param(")[0] ?? ""));
});

test("the script is UTF-8 with a mark, for Windows PowerShell", () => {
  const bytes = run(efiSataVirtio()).configs[0]?.bytes ?? new Uint8Array();
  assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
  assert.ok(!/[^\r]\n/.test(script(run(efiSataVirtio()))));
});

test("generation 2 has SCSI alone and secure boot as the machine does", () => {
  const plain = script(run(efiSataVirtio()));
  assert.ok(plain.includes("-Generation 2"));
  assert.ok(plain.includes("-EnableSecureBoot 'Off'"));
  const secure = script(run(nvmeSecure()));
  assert.ok(secure.includes("-SecureBootTemplate 'MicrosoftWindows'"));
  assert.ok(!/ControllerType 'IDE'/.test(secure));
  const linux = script(
    run(
      one({
        firmware: "efi-secure",
        guestOs: {
          cim: 96,
          vmware: null,
          virtualbox: null,
          osinfo: null,
          proxmox: null,
          xenserver: null,
          description: null,
        },
      }),
    ),
  );
  assert.ok(linux.includes("-SecureBootTemplate 'MicrosoftUEFICertificateAuthority'"));
});

test("generation 1 boots from IDE 0:0, has the CD on IDE and the floppy as .vfd", () => {
  const plan = run(biosIdeCd());
  const text = script(plan);
  assert.ok(text.includes("-Generation 1"));
  assert.ok(
    text.includes("Add-VMHardDiskDrive -VM $vm -ControllerType 'IDE' -ControllerNumber 0 -ControllerLocation 0"),
  );
  assert.ok(text.includes("Add-VMDvdDrive -VM $vm -ControllerNumber 1 -ControllerLocation 0"));
  assert.deepEqual(
    plan.files.map((f) => f.name),
    ["install-media.iso", "drivers.vfd"],
  );
  assert.ok(text.includes("-StartupOrder @('CD', 'IDE', 'LegacyNetworkAdapter', 'Floppy')"));
  assert.ok(codesOf(plan).includes("hyperv/no-network-boot"));
});

test("disks beyond IDE go to SCSI, with as many controllers as they need", () => {
  const text = script(run(scsiMultiDisk()));
  assert.ok(text.includes("-ControllerType 'IDE' -ControllerNumber 0 -ControllerLocation 0"));
  assert.match(text, /while \(@\(Get-VMScsiController -VM \$vm\)\.Count -lt 2\)/);
});

test("a disk in a place is never replaced", () => {
  const text = script(run(efiSataVirtio()));
  assert.ok(!text.includes("Set-VMHardDiskDrive"));
  assert.match(text, /if \(\$drive0\.Path -ne \$image0\) \{\r\n\s+throw /);
});

test("what a machine of the name has already is looked at before it is set", () => {
  const setters = script(run(nvmeSecure()))
    .split("\r\n")
    .filter((line) => /^\s*(?:Set-VM|Add|New|Connect|Remove)/.test(line));
  // Every command that changes something stands inside of a condition.
  assert.ok(setters.length > 0);
  assert.ok(setters.every((line) => line.startsWith("    ")));
});

test("an address is static, a card that is not connected stays so", () => {
  const nic = {
    network: "LAN",
    kind: null,
    vlan: null,
    model: "synthetic",
    mac: "08:00:27:a1:b2:c3",
    portProfile: null,
  };
  const text = script(
    run(
      one({
        nics: [
          { ...nic, connected: true },
          { ...nic, mac: null, connected: false },
        ],
      }),
    ),
  );
  assert.ok(text.includes("-StaticMacAddress '080027A1B2C3'"));
  assert.equal(text.match(/Connect-VMNetworkAdapter/g)?.length, 1);
});

test("fixed disks are an option; sockets and the guest system's name are noted", () => {
  const plan = run(scsiMultiDisk(), { disks: "fixed" });
  assert.equal(plan.disks[0]?.variant, "fixed");
  assert.ok(codesOf(plan).includes("hyperv/sockets-dropped"));
  assert.ok(codesOf(plan).includes("hyperv/guest-os-dropped"));
});

test("an order among disks is a loss where only kinds are ordered", () => {
  const source = one(
    {
      attachments: [
        { device: "disk", disk: "a", file: null, controller: null, slot: null, readOnly: false },
        { device: "disk", disk: "b", file: null, controller: null, slot: null, readOnly: false },
      ],
      boot: [
        { device: "disk", index: 1 },
        { device: "disk", index: 0 },
      ],
    },
    { disks: [disk("a"), disk("b")] },
  );
  assert.ok(codesOf(run(source)).includes("hyperv/boot-order-reduced"));
});
