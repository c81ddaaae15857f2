/**
 * The objects of a made-up vCenter and what its methods do. Written from the vSphere Web Services API Reference: **no real server was at hand**. It is strict where
 * a real one is: order of members, sessions, states of leases, machines that are held by one.
 */
// Long: all of them share one state.
import { createHash, randomUUID } from "node:crypto";
import { defaultLimits } from "../../src/base/limits.js";
import { parseXml } from "../../src/xml/parse.js";
import type { XmlElement } from "../../src/xml/tree.js";

export const VIM = "urn:vim25";

/** What a method says in place of an answer. */
export class VimFault extends Error {
  readonly fault: string;
  /** As XML. */
  readonly members: string;

  constructor(fault: string, words: string = fault, members: string = "") {
    super(words);
    this.fault = fault;
    this.members = members;
  }
}

/** A property: XML of `val` with its type. */
type Value = () => string | null;

export interface FakeObject {
  readonly type: string;
  readonly id: string;
  parent: string | null;
  readonly props: Map<string, Value>;
}

export interface FakeMachine {
  readonly id: string;
  name: string;
  readonly uuid: string;
  readonly instanceUuid: string;
  power: "poweredOn" | "poweredOff";
  readonly extra: Map<string, string>;
  /** Its lease, as long as it is held. */
  lease: string | null;
  /** Devices with what was uploaded to them; `null`: nothing yet. */
  readonly uploads: Map<string, { readonly disk: boolean; bytes: Uint8Array | null }>;
}

export interface FakeLease {
  readonly id: string;
  readonly machine: FakeMachine;
  state: "initializing" | "ready" | "done" | "error";
  error: VimFault | null;
  /** Looks until it is ready. */
  looks: number;
  alive: number;
  /** Percents that were told. */
  readonly told: number[];
  algorithm: "sha1" | "sha256";
  /** Of a machine that is there: it outlives the lease. */
  readonly exports?: true;
}

export const text = (element: XmlElement | undefined, ...path: readonly string[]): string => {
  let at = element;
  for (const name of path) at = at?.element(VIM, name);
  return at?.text.trim() ?? "";
};
export const all = (element: XmlElement | undefined, name: string): XmlElement[] => [
  ...(element?.elements(VIM, name) ?? []),
];
const escaped = (words: string): string => words.replace(/&/g, "&amp;").replace(/</g, "&lt;");
const string = (value: string): string => `<val xsi:type="xsd:string">${escaped(value)}</val>`;
const ref = (object: FakeObject, tag = "val"): string =>
  `<${tag}${tag === "val" ? ' xsi:type="ManagedObjectReference"' : ""} type="${object.type}">${object.id}</${tag}>`;
const refs = (objects: readonly FakeObject[]): string =>
  `<val xsi:type="ArrayOfManagedObjectReference">${objects.map((one) => ref(one, "ManagedObjectReference")).join("")}</val>`;
export const localized = (tag: string, { fault, message, members }: VimFault): string =>
  `<${tag}><fault xsi:type="${fault}">${members}</fault><localizedMessage>${escaped(message)}</localizedMessage></${tag}>`;

/** Members of VirtualMachineConfigSpec that are used, in the order of the API. */
const CONFIG_ORDER = [
  "name",
  "version",
  "uuid",
  "instanceUuid",
  "guestId",
  "files",
  "numCPUs",
  "memoryMB",
  "deviceChange",
  "extraConfig",
];
const inOrder = (element: XmlElement | undefined, order: readonly string[]): void => {
  const seen = [...(element?.elements() ?? [])].map(({ name }) => order.indexOf(name));
  if (seen.includes(-1) || seen.some((at, i) => i > 0 && at < (seen[i - 1] ?? 0)))
    throw new VimFault("InvalidRequest", "unexpected element");
};

/** How it is made. */
export interface FakeOptions {
  /** Seconds. */
  readonly leaseTimeout?: number;
  readonly freeBytes?: number;
  readonly drs?: boolean;
  /** Whether the host of its own starts machines by itself. */
  readonly autostart?: boolean;
  /** Rights that the user has not. */
  readonly lacks?: readonly string[];
}

/** All objects. */
export class FakeVcenter {
  readonly objects: Map<string, FakeObject> = new Map();
  readonly machines: Map<string, FakeMachine> = new Map();
  readonly leases: Map<string, FakeLease> = new Map();
  readonly autostarted: Map<string, string> = new Map();
  readonly options: FakeOptions;
  /** Where uploads go: the base of addresses, and the thumbprint of who is there. */
  readonly nfc: () => { readonly url: string; readonly thumbprint: string };
  /** What went to the files of datastores. */
  readonly removed: string[] = [];
  #next = 1;

  constructor(options: FakeOptions, nfc: FakeVcenter["nfc"]) {
    this.options = options;
    this.nfc = nfc;
    const folder = (id: string, name: string, parent: string | null): void =>
      void this.add("Folder", id, parent, { name: () => string(name), childEntity: () => refs(this.inside(id)) });
    folder("group-d1", "Datacenters", null);
    const center = this.add("Datacenter", "datacenter-2", "group-d1", { name: () => string("Berlin") });
    for (const [id, name] of [
      ["group-v3", "vm"],
      ["group-h4", "host"],
      ["group-s5", "datastore"],
      ["group-n6", "network"],
    ] as const)
      folder(id, name, center.id);
    folder("group-v7", "Web", "group-v3");
    center.props.set("vmFolder", () => ref(this.at("group-v3")));
    center.props.set("hostFolder", () => ref(this.at("group-h4")));
    this.add("Network", "network-8", "group-n6", { name: () => string("VM Network") });
    this.add("DistributedVirtualPortgroup", "dvportgroup-9", "group-n6", { name: () => string("lab & co") });
    this.add("Datastore", "datastore-10", "group-s5", {
      name: () => string("fast"),
      "summary.accessible": () => '<val xsi:type="xsd:boolean">true</val>',
      "summary.freeSpace": () => `<val xsi:type="xsd:long">${options.freeBytes ?? 2 ** 40}</val>`,
      "summary.maintenanceMode": () => string("normal"),
    });
    this.#compute("ClusterComputeResource", "domain-c11", "Cluster", ["host-12", "host-13"]);
    this.#compute("ComputeResource", "domain-s14", "single.example", ["host-15"]);
    for (const id of [
      "SessionManager",
      "PropertyCollector",
      "ViewManager",
      "SearchIndex",
      "FileManager",
      "OvfManager",
      "AuthorizationManager",
      "autostart",
    ]) {
      this.add(id === "autostart" ? "HostAutoStartManager" : id, id, null, {});
    }
    this.at("autostart").props.set("config", () => {
      const list = [...this.autostarted].map(
        ([id, action]) =>
          `<powerInfo><key type="VirtualMachine">${id}</key><startOrder>1</startOrder><startAction>${action}</startAction></powerInfo>`,
      );
      return `<val xsi:type="HostAutoStartManagerConfig"><defaults><enabled>${options.autostart ?? true}</enabled></defaults>${list.join("")}</val>`;
    });
  }

  #compute(type: string, id: string, name: string, hosts: readonly string[]): void {
    const pool = this.add("ResourcePool", `resgroup-${id}`, id, {
      name: () => string("Resources"),
      owner: () => ref(this.at(id)),
      resourcePool: () => refs(this.inside(`resgroup-${id}`).filter((one) => one.type === "ResourcePool")),
    });
    this.add("ResourcePool", `${pool.id}-shop`, pool.id, {
      name: () => string("Shop"),
      owner: () => ref(this.at(id)),
      resourcePool: () => refs([]),
    });
    for (const host of hosts) {
      this.add("HostSystem", host, id, {
        name: () => string(`${host}.example`),
        "runtime.connectionState": () => string(host === "host-12" ? "disconnected" : "connected"),
        "runtime.inMaintenanceMode": () => '<val xsi:type="xsd:boolean">false</val>',
        "configManager.autoStartManager": () => ref(this.at("autostart")),
      });
    }
    this.add(type, id, "group-h4", {
      name: () => string(name),
      resourcePool: () => ref(pool),
      host: () => refs(hosts.map((host) => this.at(host))),
      datastore: () => refs([this.at("datastore-10")]),
      network: () => refs([this.at("network-8"), this.at("dvportgroup-9")]),
      configurationEx: () =>
        `<val xsi:type="ClusterConfigInfoEx"><drsConfig><enabled>${this.options.drs ?? true}</enabled></drsConfig></val>`,
    });
  }

  add(type: string, id: string, parent: string | null, props: Record<string, Value>): FakeObject {
    const object = { type, id, parent, props: new Map(Object.entries(props)) };
    object.props.set("parent", () => (object.parent === null ? null : ref(this.at(object.parent))));
    this.objects.set(id, object);
    return object;
  }

  at(id: string): FakeObject {
    const found = this.objects.get(id);
    if (found === undefined) throw new VimFault("ManagedObjectNotFound", `The object '${id}' has already been deleted`);
    return found;
  }

  inside(id: string): FakeObject[] {
    return [...this.objects.values()].filter(({ parent, type }) => parent === id && type !== "Task");
  }

  below(id: string): FakeObject[] {
    return this.inside(id).flatMap((one) => [one, ...this.below(one.id)]);
  }

  /** A task that is over after two looks. @param work throws what it fails with */
  task(work: () => void): string {
    const id = `task-${this.#next++}`;
    let looks = 0;
    let end: VimFault | "success" | null = null;
    this.add("Task", id, null, {
      "info.state": () => {
        if (++looks > 1 && end === null) {
          end = "success";
          try {
            work();
          } catch (cause) {
            end = cause instanceof VimFault ? cause : new VimFault("SystemError", String(cause));
          }
        }
        return string(end === null ? "running" : end === "success" ? "success" : "error");
      },
      "info.error": () =>
        end instanceof VimFault
          ? localized("val", end).replace("<val>", '<val xsi:type="LocalizedMethodFault">')
          : null,
    });
    return `<returnval type="Task">${id}</returnval>`;
  }

  /** Leases that nobody kept alive end, and take what they began with them. */
  tick(): void {
    const limit = (this.options.leaseTimeout ?? 30) * 1000;
    for (const lease of this.leases.values()) {
      if ((lease.state === "ready" || lease.state === "initializing") && Date.now() - lease.alive > limit)
        this.fail(lease, new VimFault("Timedout", "The lease timed out."));
    }
  }

  fail(lease: FakeLease, why: VimFault): void {
    lease.state = "error";
    lease.error = why;
    if (lease.exports === true) lease.machine.lease = null;
    else this.#gone(lease.machine);
  }

  /** The property `error` of a lease. */
  errorOf(fault: VimFault): string {
    return localized("val", fault).replace("<val>", '<val xsi:type="LocalizedMethodFault">');
  }

  #gone({ id }: FakeMachine): void {
    this.machines.delete(id);
    this.objects.delete(id);
    this.autostarted.delete(id);
  }

  #held(machine: FakeMachine): void {
    if (machine.lease !== null && ["ready", "initializing"].includes(this.leases.get(machine.lease)?.state ?? "")) {
      throw new VimFault(
        "TaskInProgress",
        "The operation is not allowed in the current state: another task is in progress.",
      );
    }
  }

  machine(id: string): FakeMachine {
    const found = this.machines.get(id);
    if (found === undefined) throw new VimFault("ManagedObjectNotFound", `The object '${id}' has already been deleted`);
    return found;
  }

  lease(id: string): FakeLease {
    const found = this.leases.get(id);
    if (found === undefined) throw new VimFault("ManagedObjectNotFound", `The object '${id}' has already been deleted`);
    return found;
  }

  /** CreateImportSpec: a specification for what the descriptor names. */
  importSpec(body: XmlElement): string {
    const name = text(body, "cisp", "entityName");
    inOrder(body.element(VIM, "cisp"), [
      "locale",
      "deploymentOption",
      "entityName",
      "hostSystem",
      "networkMapping",
      "diskProvisioning",
    ]);
    const root = parseXml(new TextEncoder().encode(text(body, "ovfDescriptor")), "descriptor", defaultLimits).root;
    const OVF = "http://schemas.dmtf.org/ovf/envelope/1";
    const files = [...(root.element(OVF, "References")?.elements(OVF, "File") ?? [])];
    const mapped = new Set(all(body.element(VIM, "cisp"), "networkMapping").map((one) => text(one, "name")));
    const networks = [...(root.element(OVF, "NetworkSection")?.elements(OVF, "Network") ?? [])].map(
      (one) => one.attribute(OVF, "name") ?? "",
    );
    const lost = networks.filter((one) => !mapped.has(one));
    const items = files.map((file, i) => {
      const iso = (file.attribute(OVF, "href") ?? "").endsWith(".iso");
      return `<fileItem><deviceId>/${name}/${iso ? "VirtualIDEController0" : "VirtualLsiLogicController0"}:${i}</deviceId><path>${escaped(file.attribute(OVF, "href") ?? "")}</path><size>${file.attribute(OVF, "size") ?? 0}</size><cimType>${iso ? 15 : 17}</cimType><create>${iso}</create></fileItem>`;
    });
    const devices = files.map(
      (_, i) =>
        `<deviceChange><operation>add</operation><device xsi:type="VirtualDisk"><key>${-100 - i}</key></device></deviceChange>`,
    );
    const spec = `<importSpec xsi:type="VirtualMachineImportSpec"><configSpec><name>${name}</name><version>vmx-13</version><guestId>debian12_64Guest</guestId><files><vmPathName>[fast]</vmPathName></files><numCPUs>1</numCPUs><memoryMB>64</memoryMB>${devices.join("")}</configSpec></importSpec>`;
    const errors = lost.map((one) =>
      localized("error", new VimFault("OvfNetworkMappingNotSupported", `The network ${one} is not mapped`)),
    );
    return `<returnval>${errors.length > 0 ? "" : spec}${items.join("")}<warning><fault xsi:type="OvfUnsupportedElement"/><localizedMessage>An element is not supported.</localizedMessage></warning>${errors.join("")}</returnval>`;
  }

  /** ImportVApp: a machine that is held by a lease. */
  importMachine(pool: string, body: XmlElement): string {
    inOrder(body, ["_this", "spec", "folder", "host"]);
    const owner = this.at(this.at(pool).parent ?? "");
    const compute = owner.type === "ResourcePool" ? this.at(owner.parent ?? "") : owner;
    if (compute.type === "ClusterComputeResource" && this.options.drs === false && text(body, "host") === "")
      throw new VimFault("InvalidArgument", "host");
    const config = body.element(VIM, "spec")?.element(VIM, "configSpec");
    inOrder(config, CONFIG_ORDER);
    const folder = text(body, "folder");
    const name = text(config, "name");
    if (this.inside(folder).some((one) => one.props.get("name")?.() === string(name)))
      throw new VimFault("DuplicateName", `The name '${name}' already exists.`);
    const id = `vm-${this.#next++}`;
    const devices = all(config, "deviceChange");
    const machine: FakeMachine = {
      ...{
        id,
        name,
        uuid: text(config, "uuid"),
        instanceUuid: text(config, "instanceUuid"),
        power: "poweredOff",
        extra: new Map(),
        lease: `session[${randomUUID()}]`,
        uploads: new Map(),
      },
    };
    if ([...this.machines.values()].some(({ instanceUuid }) => instanceUuid === machine.instanceUuid))
      throw new VimFault("AlreadyExists");
    this.machines.set(id, machine);
    this.add("VirtualMachine", id, folder, {
      name: () => string(machine.name),
      "runtime.powerState": () => string(machine.power),
      "runtime.host": () => ref(this.at(compute.type === "ComputeResource" ? "host-15" : "host-13")),
      "config.files.vmPathName": () => string(`[fast] ${name}/${name}.vmx`),
      "config.hardware.device": () =>
        `<val xsi:type="ArrayOfVirtualDevice"><VirtualDevice xsi:type="VirtualCdrom"><key>1</key><backing xsi:type="VirtualCdromIsoBackingInfo"><fileName>[fast] ${name}/_deviceImage-0.iso</fileName></backing></VirtualDevice><VirtualDevice xsi:type="VirtualCdrom"><key>2</key><backing xsi:type="VirtualCdromIsoBackingInfo"><fileName>[fast] images/debian.iso</fileName></backing></VirtualDevice></val>`,
      "config.extraConfig": () =>
        `<val xsi:type="ArrayOfOptionValue">${[...machine.extra].map(([key, value]) => `<OptionValue xsi:type="OptionValue"><key>${key}</key><value xsi:type="xsd:string">${escaped(value)}</value></OptionValue>`).join("")}</val>`,
      "guest.ipAddress": () => (machine.power === "poweredOn" ? string("192.0.2.7") : null),
      "guest.net": () =>
        '<val xsi:type="ArrayOfGuestNicInfo"><GuestNicInfo><ipAddress>192.0.2.7</ipAddress><ipAddress>2001:db8::7</ipAddress><ipAddress>$(id)</ipAddress></GuestNicInfo></val>',
    });
    const lease: FakeLease = {
      id: machine.lease ?? "",
      machine,
      state: "initializing",
      error: null,
      looks: 0,
      alive: Date.now(),
      told: [],
      algorithm: "sha1",
    };
    devices.forEach((_, i) => void machine.uploads.set(`/${id}/device:${i}`, { disk: true, bytes: null }));
    this.leases.set(lease.id, lease);
    this.add("HttpNfcLease", lease.id, null, {
      state: () => {
        if (lease.state === "initializing" && ++lease.looks > 1) lease.state = "ready";
        return string(lease.state);
      },
      error: () =>
        lease.error === null
          ? null
          : localized("val", lease.error).replace("<val>", '<val xsi:type="LocalizedMethodFault">'),
      info: () => {
        const { url, thumbprint } = this.nfc();
        const list = [...machine.uploads.keys()].map((key, i) => {
          // The device of the specification that this one was made of.
          const from =
            devices.length > 1 && i === devices.length - 1 ? "VirtualIDEController0" : "VirtualLsiLogicController0";
          return `<deviceUrl><key>${key}</key><importKey>/${name}/${from}:${i}</importKey><url>${url}/nfc/${encodeURIComponent(lease.id)}/${i}</url><sslThumbprint>${thumbprint}</sslThumbprint><disk>true</disk></deviceUrl>`;
        });
        return `<val xsi:type="HttpNfcLeaseInfo"><lease type="HttpNfcLease">${lease.id}</lease><entity type="VirtualMachine">${id}</entity>${list.join("")}<totalDiskCapacityInKB>8192</totalDiskCapacityInKB><leaseTimeout>${this.options.leaseTimeout ?? 30}</leaseTimeout></val>`;
      },
    });
    return `<returnval type="HttpNfcLease">${lease.id}</returnval>`;
  }

  /** HttpNfcLeaseComplete. */
  complete(lease: FakeLease): void {
    if (lease.state !== "ready") throw new VimFault("InvalidState", `The lease is ${lease.state}.`);
    if ([...lease.machine.uploads.values()].some(({ bytes }) => bytes === null))
      throw new VimFault("InvalidState", "Not all files were sent.");
    lease.state = "done";
    lease.machine.lease = null;
  }

  /** @param other digests of other bytes than those that came */
  manifest(lease: FakeLease, other: boolean): string {
    return [...lease.machine.uploads]
      .map(([key, { bytes }]) => {
        const sum = (algorithm: string): string =>
          createHash(algorithm)
            .update(bytes ?? "")
            .update(other ? "x" : "")
            .digest("hex");
        const strong =
          lease.algorithm === "sha256"
            ? `<checksum>${sum("sha256")}</checksum><checksumType>sha256</checksumType>`
            : "";
        return `<returnval><key>${key}</key><sha1>${strong === "" ? sum("sha1") : ""}</sha1>${strong}<size>${bytes?.length ?? 0}</size><disk>true</disk></returnval>`;
      })
      .join("");
  }

  power(id: string, to: FakeMachine["power"]): string {
    const machine = this.machine(id);
    return this.task(() => {
      this.#held(machine);
      if (machine.power === to)
        throw new VimFault("InvalidPowerState", "The attempted operation cannot be performed in the current state.");
      machine.power = to;
    });
  }

  destroy(id: string): string {
    const object = this.at(id);
    return this.task(() => {
      const machine = this.machines.get(id);
      if (machine === undefined) {
        if (this.inside(id).length > 0) throw new Error("a folder with something in it was destroyed");
        this.objects.delete(object.id);
        return;
      }
      this.#held(machine);
      if (machine.power !== "poweredOff") throw new VimFault("InvalidPowerState", "The machine is on.");
      this.#gone(machine);
    });
  }
}
