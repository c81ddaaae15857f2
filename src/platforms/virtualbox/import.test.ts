import assert from "node:assert/strict";
import { test } from "node:test";
import type { Appliance } from "../../appliance/appliance.js";
import { FerryError } from "../../base/errors.js";
import { testContext } from "../../io/testing/context.js";
import { readVbox } from "./import.js";

const NAMESPACE = 'xmlns="http://www.virtualbox.org/" version="1.19-linux"';

function text(machine: string): { name: string; label: string; bytes: Uint8Array } {
  const xml = `<?xml version="1.0"?>\n<VirtualBox ${NAMESPACE}>${machine}</VirtualBox>`;
  return { name: "web", label: "web.vbox", bytes: new TextEncoder().encode(xml) };
}

function read(
  machine: string,
  there: readonly string[] = [],
): { appliance: Appliance; codes: readonly string[]; files: readonly string[] } {
  const codes: string[] = [];
  const config = readVbox(text(machine), testContext());
  const appliance = config.appliance(
    { find: (path) => (there.includes(path) ? { name: path, size: 1 } : undefined) },
    (finding) => codes.push(finding.code),
  );
  return { appliance, codes, files: config.files.map(({ path, id }) => `${id} ${path}`) };
}

const machine = (inner: string, hardware = ""): string =>
  `<Machine uuid="{5438ee3c-3269-4613-83b0-512ba8554c2c}" name="web" OSType="Debian_64">${inner}<Hardware>${hardware}</Hardware></Machine>`;

const drive = (type: string, inner: string, controller = "AHCI"): string =>
  `<StorageControllers><StorageController name="S" type="${controller}"><AttachedDevice type="${type}" port="0" device="0">${inner}</AttachedDevice></StorageController></StorageControllers>`;

const ID = "be8be5c1-7d57-4dc1-a363-f333c5e1921c";
const disk = (attributes: string, inner = ""): string =>
  `<MediaRegistry><HardDisks><HardDisk uuid="{${ID}}" ${attributes}>${inner}</HardDisk></HardDisks></MediaRegistry>`;
const image = (id = ID): string => `<Image uuid="{${id.toUpperCase()}}"/>`;

function refused(code: string, run: () => unknown): void {
  assert.throws(run, (error) => error instanceof FerryError && error.code === code && error.hint !== undefined);
}

test("encrypted disks and machines are refused: their bytes look like any other", () => {
  const crypt = '<Property name="CRYPT/KeyId" value="k"/><Property name="CRYPT/KeyStore" value="s"/>';
  const registry = disk('location="a.vdi" format="VDI"', crypt);
  refused("virtualbox/encrypted", () => read(machine(registry, drive("HardDisk", image()))));
  const child = `${crypt}<HardDisk uuid="{11111111-7d57-4dc1-a363-f333c5e1921c}" location="b.vdi" format="VDI"/>`;
  const chain = disk('location="a.vdi" format="VDI"', child);
  const top = image("11111111-7d57-4dc1-a363-f333c5e1921c");
  refused("virtualbox/encrypted", () => read(machine(chain, drive("HardDisk", top))));
  refused("virtualbox/encrypted", () => readVbox(text("<MachineEncrypted>AA==</MachineEncrypted>"), testContext()));
  // An encrypted disk that the machine does not use is none of its.
  assert.deepEqual(read(machine(registry)).codes, []);
});

test("a user's list of machines, and what has none, is no machine", () => {
  refused("config/unreadable", () => readVbox(text("<Global><MachineRegistry/></Global>"), testContext()));
  refused("config/unreadable", () => readVbox(text(""), testContext()));
});

test("values that cannot be are findings, and VirtualBox's defaults count", () => {
  const { appliance, codes } = read(
    machine(
      "",
      '<CPU count="many"/><Memory RAMSize="-1"/><Display VRAMSize="99999999"/><AudioAdapter enabled="perhaps"/>',
    ),
  );
  assert.deepEqual(codes, Array(4).fill("virtualbox/bad-value"));
  const [web] = appliance.machines;
  assert.deepEqual([web?.cpu.count, web?.memoryBytes, web?.video?.memoryBytes], [1, 128 * 2 ** 20, 8 * 2 ** 20]);
});

test("disks that are no files, and controllers that nobody knows, are findings", () => {
  const iscsi = disk('location="server|iqn|0" format="iSCSI"');
  const remote = read(machine(iscsi, drive("HardDisk", image())));
  assert.deepEqual([remote.codes, remote.files], [["virtualbox/disk-elsewhere"], []]);
  const odd = read(machine(disk('location="a.vdi"'), drive("HardDisk", image(), "Quantum")));
  assert.deepEqual(odd.codes, ["virtualbox/unknown-controller"]);
  assert.deepEqual(odd.appliance.machines[0]?.attachments, []);
});

test("a disk that only VirtualBox's own list knows is asked for by its id", () => {
  const { appliance, files } = read(machine("", drive("HardDisk", image())));
  assert.deepEqual(files, [`S-0-0 {${ID}}`]);
  assert.deepEqual(
    appliance.disks.map(({ id, file }) => [id, file]),
    [["S-0-0", `{${ID}}`]],
  );
});

test("what a disk may be used for is read from its type", () => {
  const of = (type: string): Appliance =>
    read(machine(disk(`location="a.vdi" format="VDI" type="${type}"`), drive("HardDisk", image()))).appliance;
  assert.equal(of("Shareable").disks[0]?.shared, true);
  assert.equal(of("Normal").disks[0]?.shared, false);
  assert.equal(of("Readonly").machines[0]?.attachments[0]?.readOnly, true);
  assert.equal(of("Writethrough").machines[0]?.attachments[0]?.readOnly, false);
});

test("CDs: a recipe of VirtualBox's is no image, and a drive of the host is one without", () => {
  const dvds = (location: string, format = ""): string =>
    `<MediaRegistry><DVDImages><Image uuid="{${ID}}" location="${location}"${format}/></DVDImages></MediaRegistry>`;
  const recipe = read(machine(dvds("aux.viso", ' format="VBoxIsoMaker"'), drive("DVD", image())));
  assert.deepEqual(recipe.files, []);
  assert.equal(recipe.appliance.machines[0]?.attachments[0]?.file, null);
  assert.deepEqual(
    recipe.appliance.machines[0]?.foreign.map(({ name }) => name),
    ["CD that VirtualBox makes from aux.viso"],
  );
  const real = read(machine(dvds("/isos/a.iso"), drive("DVD", image())), ["/isos/a.iso"]);
  assert.deepEqual(real.files, ["S-0-0 /isos/a.iso"]);
  const host = read(machine("", drive("DVD", '<HostDrive src="/dev/sr0"/>'))).appliance.machines[0];
  assert.deepEqual(
    host?.foreign.map(({ name, payload }) => [name, payload]),
    [["drive S-0-0 of the host", "/dev/sr0"]],
  );
});

test("EFI machines bring what their firmware remembers, and nobody says whether secure boot is on", () => {
  const efi = read(machine("", '<Firmware type="EFI64"/><TrustedPlatformModule type="v2_0"/>'), ["web.nvram"]);
  const [web] = efi.appliance.machines;
  assert.deepEqual([web?.firmware, web?.firmwareFrom, web?.tpm, web?.nvram], ["efi", "declared", "2.0", "web.nvram"]);
  assert.deepEqual(efi.codes, ["virtualbox/secure-boot-unseen"]);
  const placed = machine("", '<Firmware type="EFI"/><BIOS><NVRAM path="/old/x.nvram"/></BIOS>');
  assert.deepEqual(read(placed).files, ["nvram /old/x.nvram"]);
  assert.deepEqual(read(machine("", "<Firmware/>")).files, []);
  const small = read(machine("", '<Firmware type="EFI32"/>')).appliance.machines[0];
  assert.deepEqual(
    small?.foreign.map(({ name }) => name),
    ["firmware EFI32"],
  );
});

test("processors that may be plugged in while it runs are the most that there are", () => {
  const cpu =
    '<CPU count="4" hotplug="true"><CpuTree><Cpu id="0"/><Cpu id="1"/></CpuTree><NestedHWVirt enabled="true"/></CPU>';
  const [web] = read(machine("", cpu)).appliance.machines;
  assert.deepEqual([web?.cpu.count, web?.cpu.max, web?.cpu.nested], [2, 4, true]);
});

test("names of properties and options are told, and never their values", () => {
  const extra =
    '<ExtraData><ExtraDataItem name="VBoxInternal/x" value="secret1"/><ExtraDataItem name="GUI/y" value="z"/></ExtraData>';
  const guest = `<GuestProperties><GuestProperty name="/app/password" value="secret2"/>
    <GuestProperty name="/VirtualBox/HostInfo/GUI/LanguageID" value="en_US"/></GuestProperties>
    <SharedFolders><SharedFolder name="data" hostPath="/srv/data"/></SharedFolders>
    <RemoteDisplay enabled="true"><VRDEProperties><Property name="TCP/Ports" value="secret3"/></VRDEProperties></RemoteDisplay>`;
  const { appliance } = read(machine(extra, guest));
  assert.deepEqual(
    appliance.machines[0]?.foreign.map(({ name }) => name),
    ["option VBoxInternal/x", "shared folder data", "guest property /app/password", "remote display (VRDP)"],
  );
  assert.doesNotMatch(JSON.stringify(appliance), /secret/);
});

test("network cards by all that they can be plugged into", () => {
  const card = (slot: number, mode: string): string =>
    `<Adapter slot="${slot}" enabled="true" type="virtio"><DisabledModes><NAT/></DisabledModes>${mode}</Adapter>`;
  const modes = [
    '<NAT><Forwarding name="ssh" proto="1" hostport="2222" guestport="22"/></NAT>',
    '<BridgedInterface name="eth0"/>',
    '<HostOnlyInterface name="vboxnet0"/>',
    '<HostOnlyNetwork name="ho"/>',
    '<InternalNetwork name="lab"/>',
    '<NATNetwork name="nn"/>',
    '<GenericInterface driver="UDPTunnel"/>',
    "",
  ];
  const [web] = read(machine("", `<Network>${modes.map((mode, i) => card(i, mode)).join("")}</Network>`)).appliance
    .machines;
  assert.deepEqual(
    web?.nics.map(({ kind, network, connected }) => [kind, network, connected]),
    [
      ["nat", null, true],
      ["bridged", "eth0", true],
      ["hostonly", "vboxnet0", true],
      ["hostonly", "ho", true],
      ["internal", "lab", true],
      ["nat", "nn", true],
      [null, null, true],
      [null, null, false],
    ],
  );
  assert.deepEqual(
    web?.foreign.map(({ name }) => name),
    ["forwarded port ssh of card 0", "network of card 6 by driver UDPTunnel"],
  );
});

test("a machine of endless devices is refused, and a chain ends where an image holds changes to itself", () => {
  const many = "<AttachedDevice/>".repeat(2048);
  refused("config/unreadable", () =>
    read(
      machine(
        "",
        `<StorageControllers><StorageController name="S" type="AHCI">${many}</StorageController></StorageControllers>`,
      ),
    ),
  );
  const cards = '<Adapter slot="0" enabled="true"/>'.repeat(1025);
  refused("config/unreadable", () => read(machine("", `<Network>${cards}</Network>`)));

  const [first, second, third] = [1, 2, 3].map((n) => `be8be5c1-7d57-4dc1-a363-00000000000${n}`);
  const layer = (id: string | undefined, location: string, inner = ""): string =>
    `<HardDisk uuid="{${id}}" location="${location}" format="VDI">${inner}</HardDisk>`;
  const chain = layer(first, "a.vdi", layer(second, "b.vdi", layer(third, "a.vdi")));
  const registry = `<MediaRegistry><HardDisks>${chain}</HardDisks></MediaRegistry>`;
  const looped = read(machine(registry, drive("HardDisk", image(third))), ["a.vdi", "b.vdi"]);
  assert.deepEqual(looped.codes, ["config/strange-value"]);
  assert.deepEqual(
    looped.appliance.disks.map(({ id, parent }) => [id, parent]),
    [
      ["S-0-0", second],
      [second, null],
    ],
  );
});

test("drives whose images lie over one are all told what they lie over, and it is asked for once", () => {
  const ids = [1, 2, 3].map((n) => `be8be5c1-7d57-4dc1-a363-00000000000${n}`);
  const [below, left, right] = ids;
  const layer = (id: string | undefined, inner = ""): string =>
    `<HardDisk uuid="{${id}}" location="${id}.vdi" format="VDI">${inner}</HardDisk>`;
  const registry = `<MediaRegistry><HardDisks>${layer(below, layer(left) + layer(right))}</HardDisks></MediaRegistry>`;
  const at = (port: number, id: string | undefined): string =>
    `<AttachedDevice type="HardDisk" port="${port}" device="0">${image(id)}</AttachedDevice>`;
  const { appliance, files } = read(
    machine(
      registry,
      `<StorageControllers><StorageController name="S" type="AHCI">${at(0, left)}${at(1, right)}</StorageController></StorageControllers>`,
    ),
  );
  assert.deepEqual(
    appliance.disks.flatMap(({ id, parent }) => (parent === null ? [] : [[id, parent]])),
    [
      ["S-0-0", below],
      ["S-1-0", below],
    ],
  );
  assert.equal(files.filter((file) => file.startsWith(`${below} `)).length, 1);
});
