/**
 * A node of Proxmox VE as its API shows it, over real HTTPS. Written from the API's description and the sources of pveproxy, qemu-server and
 * pve-storage: it checks forms, settings, rights and locks as they do, runs tasks that take their time, and keeps what is uploaded. Never
 * compared with a real one.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Issued, issue } from "../support/authority.js";
import { configureMachine, createMachine, destroyMachine, power } from "./pve-machines.js";
import { PveFault, PveState } from "./pve-state.js";
import { readForm, takeUpload } from "./pve-upload.js";

/** What happens to a request: `drop`: the connection ends before it is looked at; `deaf`: after it was carried out. */
export type Fault = "drop" | "deaf" | PveFault | null;

/** A fake that runs. */
export interface FakePve {
  readonly port: number;
  readonly certificate: Issued;
  readonly state: PveState;
  /** `METHOD /path` of every request. */
  readonly seen: string[];
  /** Rights of the token `root@pam!deploy` by path, which count below, too; the nearest one counts. */
  rights: Map<string, readonly string[]>;
  /** Asked about every request. */
  fault: (method: string, path: string) => Fault;
  /** Bytes of a body that are taken in a second; `null`: as fast as they come. */
  rate: number | null;
  /** Ends all logins. */
  expire(): void;
  close(): Promise<void>;
}

const PASSWORD = "geheim-9";
const TOKEN = "6f1c-token";
/** Who may speak to the fake. */
export const PVE_LOGINS: { readonly password: string; readonly token: string } = { password: PASSWORD, token: TOKEN };

/** Everything that a deployment needs. */
export const ALL_RIGHTS: readonly string[] = [
  ..."Allocate Audit Config.CDROM Config.CPU Config.Disk Config.HWType Config.Memory Config.Network Config.Options PowerMgmt"
    .split(" ")
    .map((word) => `VM.${word}`),
  ..."AllocateSpace AllocateTemplate Audit".split(" ").map((word) => `Datastore.${word}`),
  "Pool.Audit",
  "SDN.Use",
  "Sys.Audit",
  "Sys.Modify",
];

/** Starts a fake. @param folder for what it keeps */
export async function startFakePve(folder: string): Promise<FakePve> {
  const certificate = await issue({ name: "pve.example" });
  const state = new PveState(join(folder, "pve"));
  const sockets = new Set<Socket>();
  const tickets = new Set<string>();
  const key = certificate.key.export({ type: "pkcs8", format: "pem" });
  const server = https.createServer({ key, cert: certificate.pem });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const fake: FakePve = {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    certificate,
    state,
    seen: [],
    rights: new Map([["/", ALL_RIGHTS]]),
    fault: () => null,
    rate: null,
    expire: () => tickets.clear(),
    async close() {
      for (const task of state.tasks.values()) task.stop.abort();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    handle(fake, tickets, request, response).catch(() => request.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return fake;
}

async function handle(
  fake: FakePve,
  tickets: Set<string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? "";
  const url = new URL(request.url ?? "/", "https://pve.example");
  const path = url.pathname.replace(/^\/api2\/json/, "");
  fake.seen.push(`${method} ${path}`);
  const fault = fake.fault(method, path);
  if (fault === "drop") {
    // What is on its way already is taken, so that the other side sees an end and no reset.
    request.socket.destroy();
    return;
  }
  try {
    if (fault instanceof PveFault) throw fault;
    if (request.headers["transfer-encoding"] !== undefined)
      throw new PveFault(501, "chunked transfer encoding not supported");
    const user = path === "/access/ticket" ? "" : authenticate(tickets, method, request);
    const body = await bodyOf(request, fake.rate);
    const type = request.headers["content-type"] ?? "";
    const isForm = type === "application/x-www-form-urlencoded";
    const parameters = new Map(new URLSearchParams(isForm ? body.toString("utf8") : url.search));
    const data = answer(fake, { method, path, parameters, type, body, user, tickets });
    if (fault === "deaf") {
      request.socket.destroy();
      return;
    }
    response
      .writeHead(200, "OK", { "content-type": "application/json" })
      .end(JSON.stringify({ data: (await data) ?? null }));
  } catch (cause) {
    if (!(cause instanceof PveFault)) throw cause;
    // Who is refused before the body was read, is cut off afterwards.
    const early = !request.complete;
    response.writeHead(cause.status, cause.message.replace(/[^ -~]/g, " "), early ? { connection: "close" } : {});
    response.end(JSON.stringify({ data: null, errors: cause.errors }));
  }
}

function authenticate(tickets: Set<string>, method: string, { headers }: IncomingMessage): string {
  const token = /^PVEAPIToken=(\S+)$/.exec(headers.authorization ?? "")?.[1];
  if (token !== undefined) {
    if (token === `root@pam!deploy=${TOKEN}`) return "root@pam!deploy";
    throw new PveFault(401, "invalid token value!");
  }
  const ticket = decodeURIComponent(/(?:^|;\s*)PVEAuthCookie=([^;]+)/.exec(headers.cookie ?? "")?.[1] ?? "");
  if (!tickets.has(ticket)) throw new PveFault(401, ticket === "" ? "No ticket" : "authentication failure");
  if (method !== "GET" && headers.csrfpreventiontoken !== `csrf-${ticket}`)
    throw new PveFault(401, "Permission denied - invalid csrf token");
  return "root@pam";
}

async function bodyOf(request: IncomingMessage, rate: number | null): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    if (rate !== null) await sleep(((chunk as Buffer).length / rate) * 1000);
  }
  if (!request.complete) throw new Error("the upload broke off");
  return Buffer.concat(chunks);
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly type: string;
  readonly body: Buffer;
  readonly user: string;
  readonly tickets: Set<string>;
}

/** The call that a path means. */
function answer(fake: FakePve, call: Call): unknown {
  const { state } = fake;
  const { method, path, parameters, user } = call;
  const held = (at: string): readonly string[] => {
    if (user === "root@pam") return ALL_RIGHTS;
    for (let here = at; ; here = here.slice(0, here.lastIndexOf("/")) || "/") {
      const found = fake.rights.get(here);
      if (found !== undefined) return found;
      if (here === "/") return [];
    }
  };
  const check = (at: string, privilege: string): void => {
    if (!held(at).includes(privilege)) throw new PveFault(403, `Permission check failed (${at}, ${privilege})`);
  };
  const [, , node, area, name = "", sub, ...rest] = path.split("/").map(decodeURIComponent);
  if (path === "/access/ticket" && method === "POST") return logIn(parameters, call.tickets);
  if (path === "/access/permissions") {
    const at = parameters.get("path") ?? "/";
    return { [at]: Object.fromEntries(held(at).map((privilege) => [privilege, 1])) };
  }
  if (path === "/version")
    return { version: state.version, release: state.version.replace(/\.\d+$/, ""), repoid: "f00" };
  if (path === "/nodes")
    return [
      { node: state.node, status: "online" },
      { node: "other", status: "offline" },
    ];
  if (path === "/pools") return [...state.pools].map((poolid) => ({ poolid }));
  if (path === "/cluster/nextid") return nextId(state, parameters);
  if (path === "/cluster/resources") {
    const seen = [...state.machines].filter(([vmid]) => held(`/vms/${vmid}`).includes("VM.Audit"));
    return seen.map(([vmid, machine]) => ({
      type: "qemu",
      vmid,
      node: machine.node,
      ...(machine.config.name === undefined ? {} : { name: machine.config.name }),
    }));
  }
  if (node !== state.node) throw new PveFault(595, "Errors during connection establishment, proxy handshake");
  switch (area) {
    case "status":
      return { cpuinfo: { hvm: state.hvm ? "1" : "0", cpus: 4 } };
    case "network":
      return [...state.bridges].map(([iface, active]) => ({ iface, type: "bridge", ...(active ? { active: 1 } : {}) }));
    case "tasks":
      return tasks(state, method, name, sub, user);
    case "storage":
      return storage(fake, call, name, sub, rest.join("/"), held, check);
    case "qemu":
      if (name === "" && method === "POST") return createMachine(state, parameters, user, check);
      return machine(state, call, Number(name), sub, rest[0], check);
    default:
      throw new PveFault(501, `Method '${method} ${path}' not implemented`);
  }
}

function logIn(parameters: ReadonlyMap<string, string>, tickets: Set<string>): unknown {
  const username = parameters.get("username");
  if (username !== "root@pam" || parameters.get("password") !== PASSWORD)
    throw new PveFault(401, "authentication failure");
  const ticket = `PVE:root@pam:${Date.now().toString(16).toUpperCase()}${tickets.size}::c2ln/bmF0+dXJl==`;
  tickets.add(ticket);
  return { ticket, CSRFPreventionToken: `csrf-${ticket}`, username };
}

function nextId(state: PveState, parameters: ReadonlyMap<string, string>): string {
  const wanted = parameters.get("vmid");
  if (wanted !== undefined) {
    if (!state.machines.has(Number(wanted))) return wanted;
    throw new PveFault(400, "Parameter verification failed.", { vmid: `VM ${wanted} already exists` });
  }
  let free = 100;
  while (state.machines.has(free)) free++;
  return String(free);
}

function tasks(state: PveState, method: string, upid: string, sub: string | undefined, user: string): unknown {
  if (upid === "") {
    return [...state.tasks.values()]
      .filter(({ exit }) => exit === null)
      .map((task) => ({ upid: task.upid, type: task.type, id: task.id, user: task.user }));
  }
  const task = state.tasks.get(upid);
  if (task === undefined) throw new PveFault(400, "Parameter verification failed.", { upid: "no such task" });
  if (task.user !== user && user !== "root@pam")
    throw new PveFault(403, "Permission check failed (/nodes/pve, Sys.Audit)");
  if (method === "DELETE") {
    task.stop.abort();
    return null;
  }
  if (sub === "log") return task.log.map((t, i) => ({ n: i + 1, t }));
  return task.exit === null ? { upid, status: "running" } : { upid, status: "stopped", exitstatus: task.exit };
}

function storage(
  { state }: FakePve,
  { method, parameters, type, body, user }: Call,
  name: string,
  sub: string | undefined,
  volume: string,
  held: (at: string) => readonly string[],
  check: (at: string, privilege: string) => void,
): unknown {
  if (name === "") {
    return [...state.storages]
      .filter(([id]) =>
        held(`/storage/${id}`).some((privilege) => /^Datastore\.(?:Audit|AllocateSpace)$/.test(privilege)),
      )
      .map(([id, one]) => ({
        ...{ storage: id, type: one.type, content: one.content.join(","), enabled: 1, active: one.active ? 1 : 0 },
        ...(one.active
          ? { total: one.limit, used: state.used(id), avail: Math.max(0, one.limit - state.used(id)) }
          : {}),
      }));
  }
  if (sub === "upload") {
    check(`/storage/${name}`, "Datastore.AllocateTemplate");
    return takeUpload(state, name, readForm(type, body), user);
  }
  check(`/storage/${name}`, "Datastore.Audit");
  state.storage(name);
  if (method === "DELETE") {
    check(`/storage/${name}`, "Datastore.AllocateTemplate");
    if (!state.volumes.has(volume)) throw new PveFault(500, `unable to parse or find volume '${volume}'`);
    return state.task("imgdel", "", user, async () => state.free(volume));
  }
  const [content, vmid] = [parameters.get("content"), parameters.get("vmid")];
  const kinds: Readonly<Record<string, RegExp>> = {
    import: /^[^:]+:import\//,
    iso: /^[^:]+:iso\//,
    images: /^[^:]+:vm-/,
  };
  return [...state.volumes]
    .filter(
      ([id, one]) =>
        id.startsWith(`${name}:`) &&
        (kinds[content ?? ""] ?? /./).test(id) &&
        (vmid === undefined || one.vmid === Number(vmid)),
    )
    .map(([volid, one]) => ({ volid, size: one.size, ...(one.vmid === null ? {} : { vmid: one.vmid }) }));
}

function machine(
  state: PveState,
  { method, parameters, user }: Call,
  vmid: number,
  sub: string | undefined,
  what: string | undefined,
  check: (at: string, privilege: string) => void,
): unknown {
  if (sub === undefined && method === "DELETE") return destroyMachine(state, vmid, parameters, user, check);
  if (sub === "config" && method === "POST") return configureMachine(state, vmid, parameters, user, check);
  if (sub === "status" && method === "POST" && what !== undefined) return power(state, vmid, what, user, check);
  check(`/vms/${vmid}`, "VM.Audit");
  const { config, running } = state.machine(vmid);
  if (sub === "config") return { ...config, digest: "d1" };
  if (sub === "status")
    return { vmid, status: running ? "running" : "stopped", qmpstatus: running ? "running" : "stopped" };
  throw new PveFault(500, "No QEMU guest agent configured");
}
