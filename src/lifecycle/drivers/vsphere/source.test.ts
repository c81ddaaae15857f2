import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type Issued, issue } from "../../../../test/support/authority.js";
import { hasCode } from "../../../../test/support/errors.js";
import { diffAppliances } from "../../../appliance/diff.js";
import { testContext } from "../../../io/testing/context.js";
import type { VsphereLogin } from "./client.js";
import { compareReceived, download, type Received } from "./download.js";
import { readHardware } from "./hardware.js";
import type { LeaseFile } from "./lease.js";
import { vsphereMachine } from "./machine-path.js";

const signal = new AbortController().signal;

test("the address of a machine is its server with the data center, and its path behind /vm/", () => {
  const at = (address: string): readonly string[] | null => {
    const found = vsphereMachine(address);
    return found === null ? null : [found.target, found.machine];
  };
  assert.deepEqual(at("vsphere://u@h/DC/vm/Web/web"), ["vsphere://u@h/DC", "Web/web"]);
  assert.deepEqual(at("vsphere://h/vm/web%20server"), ["vsphere://h", "web%20server"]);
  assert.deepEqual(at("vsphere://h/a/vm/b/vm/c"), ["vsphere://h/a", "b/vm/c"]);
  for (const other of ["vsphere://h/DC", "vsphere://h/vm/", "vsphere://h/DC/vm/a?b", "libvirt:///vm/a"]) {
    assert.equal(at(other), null, other);
  }
  assert.throws(() => at("vsphere://h/vm/50%"), hasCode("deploy/bad-target"));
});

const CONFIG = (memory: number, disk: string, more = ""): string =>
  `<config xmlns="urn:vim25" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><name>web</name><uuid>4210b7a1-0000-4000-8000-000000000001</uuid>
<version>vmx-19</version><guestId>debian12_64Guest</guestId><firmware>efi</firmware><bootOptions><efiSecureBootEnabled>true</efiSecureBootEnabled></bootOptions>
<hardware><numCPU>4</numCPU><numCoresPerSocket>2</numCoresPerSocket><memoryMB>${memory}</memoryMB>
<device xsi:type="ParaVirtualSCSIController"><key>1000</key><busNumber>0</busNumber></device>
<device xsi:type="VirtualDisk"><key>2000</key><controllerKey>1000</controllerKey><unitNumber>0</unitNumber><capacityInKB>8192</capacityInKB>
<backing><fileName>${disk}</fileName></backing></device>
<device xsi:type="VirtualVmxnet3"><key>4000</key><macAddress>00:50:56:AA:BB:CC</macAddress><backing><deviceName>VM Network</deviceName></backing></device>${more}
</hardware></config>`;

test("hardware as a server says it is read, and compared by what it is", () => {
  const read = (text: string) => readHardware(text, "web", testContext());
  const { machines, disks } = read(CONFIG(4096, "[a] web/web.vmdk"));
  const [machine] = machines;
  assert.deepEqual(
    [machine?.cpu.count, machine?.cpu.coresPerSocket, machine?.memoryBytes, machine?.firmware],
    [4, 2, 4096 * 1_048_576, "efi-secure"],
  );
  assert.deepEqual([disks[0]?.capacityBytes, machine?.controllers[0]?.model], [8_388_608, "pvscsi"]);
  assert.deepEqual([machine?.nics[0]?.mac, machine?.nics[0]?.network], ["00:50:56:aa:bb:cc", "VM Network"]);
  const cd = `<device xsi:type="VirtualCdrom"><key>3000</key><backing><fileName>[a] tools.iso</fileName></backing></device>`;
  const changes = diffAppliances(read(CONFIG(4096, "[a] web/web.vmdk")), read(CONFIG(8192, "[a] web/web.vmdk", cd)), {
    by: "words",
  }).changes;
  assert.deepEqual(
    changes.map(({ area, fact, kind }) => [area, fact, kind]),
    [
      ["machine", "memoryBytes", "changed"],
      ["drive", null, "added"],
    ],
  );
  assert.deepEqual(read("<config xmlns='urn:vim25'/>").machines.length, 1);
});

interface Host {
  readonly own: Issued;
  readonly file: LeaseFile;
  login(thumbprint: string | null): VsphereLogin;
}

/** A host that disks come from. */
async function host(t: TestContext, act: (response: ServerResponse) => void): Promise<Host> {
  const own = await issue({ name: "127.0.0.1" });
  const key = own.key.export({ type: "pkcs8", format: "pem" });
  const server = https.createServer({ key, cert: own.pem }, (_request, response) => act(response));
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const url = new URL(`https://127.0.0.1:${port}/nfc/1/disk-0.vmdk`);
  const file = { key: "k", importKey: "", url, thumbprint: null, disk: true, target: "disk-0.vmdk", size: null };
  const login = (thumbprint: string | null): VsphereLogin => ({
    ...{ host: "127.0.0.1", port, user: "u", trust: { thumbprint, authorities: null } },
    password: async () => "p",
  });
  return { own, file, login };
}

async function drain({ own, file, login }: Host, complete: (received: Received) => void = () => {}): Promise<Buffer> {
  let heard = 0;
  const hear = {
    advance: (bytes: number) => {
      heard += bytes;
    },
    complete: async (received: Received) => complete(received),
  };
  const { stream } = await download(file, "disk-0.vmdk", login(own.fingerprint), hear, signal);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  assert.equal(heard, all.length);
  return all;
}

const BYTES = Buffer.alloc(300_000, 7);

test("a file comes whole, with its digests, whether the host says its length or not", async (t) => {
  for (const headers of [{}, { "content-length": BYTES.length }]) {
    const far = await host(t, (response) => response.writeHead(200, headers).end(BYTES));
    const received: Received[] = [];
    assert.ok((await drain(far, (one) => received.push(one))).equals(BYTES));
    const sha1 = createHash("sha1").update(BYTES).digest("hex");
    assert.equal(received[0]?.sha1, sha1);
    const said = { key: "k", algorithm: "sha1", digest: sha1, size: null } as const;
    compareReceived("disk-0.vmdk", received[0] as Received, said);
    const other = { ...said, digest: "0".repeat(40) };
    assert.throws(() => compareReceived("disk-0.vmdk", received[0] as Received, other), hasCode("deploy/damaged"));
  }
});

test("a download that breaks off, is refused, or comes from a stranger is no file", async (t) => {
  const broken = await host(t, (response) => {
    response.writeHead(200, { "content-length": BYTES.length });
    response.write(BYTES.subarray(0, 100_000), () => response.destroy());
  });
  await assert.rejects(drain(broken), hasCode("deploy/unreachable"));
  const chunked = await host(t, (response) => {
    response.writeHead(200);
    response.write(BYTES.subarray(0, 100_000), () => response.destroy());
  });
  await assert.rejects(drain(chunked), hasCode("deploy/unreachable"));
  const gone = await host(t, (response) => response.writeHead(404).end("no"));
  await assert.rejects(drain(gone), hasCode("deploy/refused"));
  const stranger = await host(t, (response) => response.end(BYTES));
  const own = { ...stranger.own, fingerprint: "0".repeat(64) };
  await assert.rejects(drain({ ...stranger, own }), hasCode("deploy/untrusted"));
});
