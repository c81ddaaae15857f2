/**
 * A vCenter that speaks SOAP over HTTPS, with a host of its own certificate that takes uploads. Written from documentation (vSphere Web Services API Reference): **no real
 * server was at hand**. Faults can be put in.
 */
// Long: one switch over its methods.
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultLimits } from "../../src/base/limits.js";
import { parseXml } from "../../src/xml/parse.js";
import type { XmlElement } from "../../src/xml/tree.js";
import { type Issued, issue } from "../support/authority.js";
import { descriptorOf, exportMachine, sendDisk } from "./vsphere-export.js";
import { all, type FakeOptions, FakeVcenter, text, VIM, VimFault } from "./vsphere-objects.js";

export const USER = "administrator@vsphere.local";
export const PASSWORD = "pa55-of-the-vcenter";

/** What goes wrong, until it is taken out again. */
export interface VsphereFaults {
  /** Called with each method before it is carried out; may throw VimFault. */
  before?(method: string): void;
  /** A method that is carried out and whose answer is cut off, once. */
  cutAnswer?: string;
  /** A method before which all sessions end, once. */
  expireBefore?: string;
  /** Bytes of an upload after which the connection is cut, once. */
  cutUpload?: number;
  /** Bytes of each download after which the connection is cut. */
  cutDownload?: number;
  /** Bytes that the datastore takes. */
  full?: number;
  bytesPerSecond?: number;
  /** Leases hear no sign of life. */
  deaf?: true;
  /** The host says digests of other bytes. */
  otherBytes?: true;
  /** The host shows another certificate than the server says. */
  otherHost?: true;
  /** What every call is answered with in place of SOAP. */
  garbage?: { readonly status: number; readonly text: string };
}

export interface FakeVsphere {
  readonly port: number;
  readonly certificate: Issued;
  readonly center: FakeVcenter;
  readonly faults: VsphereFaults;
  /** Methods in the order in which they were called; uploads as `POST 0`. */
  readonly calls: string[];
  /** Bodies of calls. */
  readonly heard: string[];
  readonly sessions: Set<string>;
}

export async function startVsphere(t: TestContext, options: FakeOptions = {}): Promise<FakeVsphere> {
  const [own, hostly] = [await issue({ name: "127.0.0.1" }), await issue({ name: "127.0.0.1", organization: "host" })];
  const faults: VsphereFaults = {};
  const [calls, heard, sessions]: [string[], string[], Set<string>] = [[], [], new Set()];
  const thumbprint = createHash("sha1")
    .update(hostly.der)
    .digest("hex")
    .toUpperCase()
    .replace(/..(?=.)/g, "$&:");
  const nfc = { port: 0 };
  const center = new FakeVcenter(options, () => ({
    url: `https://127.0.0.1:${nfc.port}`,
    thumbprint: faults.otherHost === true ? thumbprint.replace(/^../, "00") : thumbprint,
  }));
  const server = await listen(t, own, (request, response) => answerCall(request, response));
  const host = await listen(t, hostly, (request, response) => takeUpload(request, response));
  nfc.port = host;

  async function answerCall(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request);
    heard.push(body.toString("utf8"));
    if (faults.garbage !== undefined) {
      response.writeHead(faults.garbage.status).end(faults.garbage.text);
      return;
    }
    const envelope = parseXml(body, "call", defaultLimits).root;
    const [call] = envelope.element("http://schemas.xmlsoap.org/soap/envelope/", "Body")?.elements() ?? [];
    if (call === undefined || request.url !== "/sdk" || !/^"urn:vim25\/\d/.test(String(request.headers.soapaction))) {
      response.writeHead(400).end();
      return;
    }
    const method = call.name;
    calls.push(method);
    if (faults.expireBefore === method) {
      delete faults.expireBefore;
      sessions.clear();
    }
    const cookie = /vmware_soap_session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
    let inner: string;
    let status = 200;
    try {
      faults.before?.(method);
      center.tick();
      if (!sessions.has(cookie) && method !== "Login" && method !== "RetrieveServiceContent")
        throw new VimFault("NotAuthenticated", "The session is not authenticated.");
      inner = `<${method}Response xmlns="${VIM}">${carryOut(method, call, response, cookie)}</${method}Response>`;
    } catch (cause) {
      if (!(cause instanceof VimFault)) throw cause;
      status = 500;
      inner = `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${cause.message}</faultstring><detail><${cause.fault}Fault xmlns="${VIM}" xsi:type="${cause.fault}">${cause.members}</${cause.fault}Fault></detail></soapenv:Fault>`;
    }
    if (faults.cutAnswer === method) {
      delete faults.cutAnswer;
      request.socket.destroy();
      return;
    }
    response.writeHead(status, { "content-type": "text/xml" });
    response.end(
      `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>${inner}</soapenv:Body></soapenv:Envelope>`,
    );
  }

  const views = new Map<string, readonly string[]>();
  /** Pages that wait, by their tokens. */
  const pages = new Map<string, string[]>();
  let number = 0;

  function carryOut(method: string, call: XmlElement, response: ServerResponse, session: string): string {
    const id = text(call, "_this");
    switch (method) {
      case "RetrieveServiceContent":
        return `<returnval><rootFolder type="Folder">group-d1</rootFolder><propertyCollector type="PropertyCollector">PropertyCollector</propertyCollector><viewManager type="ViewManager">ViewManager</viewManager><about><name>VMware vCenter Server</name><version>8.0.3</version><apiType>VirtualCenter</apiType><apiVersion>8.0.3.0</apiVersion></about><sessionManager type="SessionManager">SessionManager</sessionManager><authorizationManager type="AuthorizationManager">AuthorizationManager</authorizationManager><searchIndex type="SearchIndex">SearchIndex</searchIndex><fileManager type="FileManager">FileManager</fileManager><ovfManager type="OvfManager">OvfManager</ovfManager></returnval>`;
      case "Login": {
        if (text(call, "userName") !== USER || text(call, "password") !== PASSWORD)
          throw new VimFault("InvalidLogin", "Cannot complete login due to an incorrect user name or password.");
        const key = `key-${++number}`;
        sessions.add(key);
        response.setHeader("set-cookie", `vmware_soap_session=${key}; Path=/; HttpOnly; Secure;`);
        return `<returnval><key>${key}</key><userName>${USER}</userName></returnval>`;
      }
      case "Logout":
        sessions.delete(session);
        return "";
      case "CreateContainerView": {
        const key = `session[${session}]view-${++number}`;
        const wanted = all(call, "type").map((one) => one.text);
        views.set(
          key,
          center
            .below(text(call, "container"))
            .filter(({ type }) => wanted.some((one) => isA(type, one)))
            .map((one) => one.id),
        );
        return `<returnval type="ContainerView">${key}</returnval>`;
      }
      case "DestroyView":
        views.delete(id);
        return "";
      case "RetrievePropertiesEx":
        return page(found(call));
      case "ContinueRetrievePropertiesEx": {
        const rest = pages.get(text(call, "token"));
        if (rest === undefined) throw new VimFault("InvalidArgument", "token");
        return page(rest);
      }
      case "FindByUuid": {
        const [machine] = [...center.machines.values()].filter((one) => one.instanceUuid === text(call, "uuid"));
        return machine === undefined ? "" : `<returnval type="VirtualMachine">${machine.id}</returnval>`;
      }
      case "HasPrivilegeOnEntity":
        if (!sessions.has(text(call, "sessionId"))) throw new VimFault("InvalidArgument", "sessionId");
        return all(call, "privId")
          .map((one) => `<returnval>${options.lacks?.includes(one.text) !== true}</returnval>`)
          .join("");
      case "CreateFolder": {
        const name = text(call, "name");
        if (center.inside(id).some((one) => one.props.get("name")?.()?.includes(`>${name}<`)))
          throw new VimFault("DuplicateName", `The name '${name}' already exists.`);
        const folder = `group-v${100 + ++number}`;
        center.add("Folder", folder, id, {
          name: () => `<val xsi:type="xsd:string">${name}</val>`,
          childEntity: () =>
            `<val xsi:type="ArrayOfManagedObjectReference">${center
              .inside(folder)
              .map((one) => `<ManagedObjectReference type="${one.type}">${one.id}</ManagedObjectReference>`)
              .join("")}</val>`,
        });
        return `<returnval type="Folder">${folder}</returnval>`;
      }
      case "CreateImportSpec":
        return center.importSpec(call);
      case "ExportVm":
        return exportMachine(center, id, ++number);
      case "CreateDescriptor":
        return descriptorOf(center, call);
      case "ImportVApp":
        return center.importMachine(id, call);
      case "HttpNfcLeaseProgress": {
        const lease = center.lease(id);
        if (lease.state !== "ready") throw lease.error ?? new VimFault("InvalidState");
        if (faults.deaf !== true) lease.alive = Date.now();
        lease.told.push(Number(text(call, "percent")));
        return "";
      }
      case "HttpNfcLeaseSetManifestChecksumType":
        center.lease(id).algorithm = "sha256";
        return "";
      case "HttpNfcLeaseGetManifest":
        return center.manifest(center.lease(id), faults.otherBytes === true);
      case "HttpNfcLeaseComplete":
        center.complete(center.lease(id));
        return "";
      case "HttpNfcLeaseAbort":
        center.fail(center.lease(id), new VimFault("RequestCanceled", "The task was canceled by a user."));
        return "";
      case "ReconfigVM_Task": {
        const machine = center.machine(id);
        return center.task(() => {
          for (const entry of all(call.element(VIM, "spec"), "extraConfig"))
            machine.extra.set(text(entry, "key"), entry.element(VIM, "value")?.text ?? "");
        });
      }
      case "PowerOnVM_Task":
        return center.power(id, "poweredOn");
      case "PowerOffVM_Task":
        return center.power(id, "poweredOff");
      case "ShutdownGuest":
        throw new VimFault(
          "ToolsUnavailable",
          "Cannot complete operation because VMware Tools is not running in this virtual machine.",
        );
      case "Destroy_Task":
        return center.destroy(id);
      case "DeleteDatastoreFile_Task":
        if (text(call, "datacenter") !== "datacenter-2") throw new VimFault("InvalidArgument", "datacenter");
        center.removed.push(text(call, "name"));
        return center.task(() => {
          throw new VimFault("FileNotFound", "File was not found");
        });
      case "ReconfigureAutostart":
        for (const info of all(call.element(VIM, "spec"), "powerInfo"))
          center.autostarted.set(text(info, "key"), text(info, "startAction"));
        return "";
      default:
        throw new VimFault("NotSupported", `the fake has no ${method}`);
    }
  }

  function found(call: XmlElement): string[] {
    const spec = call.element(VIM, "specSet");
    const wanted = all(spec, "propSet").map((one) => ({
      type: text(one, "type"),
      paths: all(one, "pathSet").map((path) => path.text),
    }));
    const ids = all(spec, "objectSet").flatMap((one) =>
      text(one, "skip") === "true" ? (views.get(text(one, "obj")) ?? lost(text(one, "obj"))) : [text(one, "obj")],
    );
    return ids.map((id) => {
      const object = center.at(id);
      const paths = wanted.filter(({ type }) => isA(object.type, type)).flatMap((one) => one.paths);
      const props = paths.map((path) => {
        const value = object.props.get(path)?.() ?? null;
        return value === null ? "" : `<propSet><name>${path}</name>${value}</propSet>`;
      });
      return `<objects><obj type="${object.type}">${id}</obj>${props.join("")}</objects>`;
    });
  }

  function lost(view: string): never {
    throw new VimFault("ManagedObjectNotFound", `The object '${view}' has already been deleted`);
  }

  /** Two objects at a time: what is more comes with a token. */
  function page(objects: string[]): string {
    if (objects.length === 0) return "";
    const token = objects.length > 2 ? `token-${++number}` : null;
    if (token !== null) pages.set(token, objects.slice(2));
    return `<returnval>${token === null ? "" : `<token>${token}</token>`}${objects.slice(0, 2).join("")}</returnval>`;
  }

  async function takeUpload(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, , id = "", at = ""] = (request.url ?? "").split("/");
    calls.push(`${request.method} ${at}`);
    if (request.method === "GET") return sendDisk(center, faults, request.url ?? "", response);
    const lease = center.leases.get(decodeURIComponent(id));
    const device = [...(lease?.machine.uploads.values() ?? [])][Number(at)];
    if (lease?.state !== "ready" || device === undefined) {
      response.writeHead(404).end();
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      chunks.push(chunk);
      if (faults.cutUpload !== undefined && length > faults.cutUpload) {
        delete faults.cutUpload;
        request.socket.destroy();
        return;
      }
      if (faults.full !== undefined && length > faults.full) {
        center.fail(
          lease,
          new VimFault("NoDiskSpace", "Insufficient disk space on datastore 'fast'.", "<datastore>fast</datastore>"),
        );
        request.socket.destroy();
        return;
      }
      if (faults.bytesPerSecond !== undefined) await sleep((1000 * chunk.length) / faults.bytesPerSecond);
    }
    const bytes = Buffer.concat(chunks);
    const disk = bytes.subarray(0, 4).toString("latin1") === "KDMV";
    const right = disk
      ? request.method === "POST" && request.headers["content-type"] === "application/x-vnd.vmware-streamVmdk"
      : request.method === "PUT" && request.headers.overwrite === "t";
    if (!right || request.headers["content-length"] !== String(bytes.length)) {
      response.writeHead(400).end("<html>wrong method</html>");
      return;
    }
    device.bytes = bytes;
    response.writeHead(201).end();
  }

  return { port: server, certificate: own, center, faults, calls, heard, sessions };
}

const PARENTS: Readonly<Record<string, string>> = {
  ClusterComputeResource: "ComputeResource",
  DistributedVirtualPortgroup: "Network",
};

function isA(type: string, wanted: string): boolean {
  return type === wanted || PARENTS[type] === wanted;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function listen(
  t: TestContext,
  { key, pem }: Issued,
  act: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<number> {
  const server = https.createServer(
    { key: key.export({ type: "pkcs8", format: "pem" }), cert: pem },
    (request, response) => {
      // What is cut off while it is read.
      act(request, response).catch(() => request.socket.destroy());
    },
  );
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
