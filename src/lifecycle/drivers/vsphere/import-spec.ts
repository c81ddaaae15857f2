/** What a vSphere makes of a descriptor (OvfManager.CreateImportSpec), made ours: with the ids that were chosen beforehand. */
import { el, type XmlNode } from "../../../xml/build.js";
import type { XmlElement } from "../../../xml/tree.js";
import type { VsphereClient } from "./client.js";
import type { Named } from "./inventory.js";
import { objectOf } from "./properties.js";
import { asNode, badAnswer, child, children, countOf, localizedFault, type Ref, refNode, textOf } from "./soap.js";

/** A machine that is to be imported. */
export interface ImportWish {
  readonly descriptor: string;
  readonly name: string;
  readonly pool: Ref;
  readonly datastore: Ref;
  readonly host: Ref | null;
  /** Networks that descriptors can name. */
  readonly networks: readonly Named[];
}

/** A file of the package that the server wants (OvfFileItem). */
export interface WantedFile {
  readonly deviceId: string;
  /** As the descriptor names it. */
  readonly path: string;
  /** `null`: not said. */
  readonly size: number | null;
  /** Whether it becomes a file of the datastore as it is; else a disk. */
  readonly create: boolean;
}

/** What the server would make of a descriptor. */
export interface ImportSpec {
  /** `null`: it refuses. */
  readonly spec: XmlElement | null;
  readonly files: readonly WantedFile[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Servers look at hosts and datastores for it. */
const ASK_MS = 180_000;
/** Files of one machine. */
const MOST_FILES = 1000;

/** Asks; changes nothing on the server. @throws `VsphereFault`, `deploy/bad-answer` */
export async function createImportSpec(
  client: VsphereClient,
  wish: ImportWish,
  signal: AbortSignal,
): Promise<ImportSpec> {
  const manager = objectOf(await client.content(signal), "ovfManager");
  // One name may stand for several networks: a card is plugged into the first.
  const mapped = new Map([...wish.networks].reverse().map(({ name, ref }) => [name, ref]));
  // In the order of OvfManagerCommonParams and OvfCreateImportSpecParams.
  const parameters = [
    el("locale"),
    el("deploymentOption"),
    el("entityName", {}, wish.name),
    ...(wish.host === null ? [] : [refNode("hostSystem", wish.host)]),
    ...[...mapped].map(([name, ref]) => el("networkMapping", {}, el("name", {}, name), refNode("network", ref))),
    el("diskProvisioning", {}, "thin"),
  ];
  const answer = await client.call(
    "CreateImportSpec",
    manager,
    [
      el("ovfDescriptor", {}, wish.descriptor),
      refNode("resourcePool", wish.pool),
      refNode("datastore", wish.datastore),
      el("cisp", {}, ...parameters),
    ],
    { doing: `ask about ${wish.name}`, repeatable: true, timeoutMs: ASK_MS },
    signal,
  );
  const result = child(answer, "returnval");
  if (result === undefined) throw badAnswer("CreateImportSpec", "nothing");
  const items = children(result, "fileItem");
  if (items.length > MOST_FILES) throw badAnswer("CreateImportSpec", `${items.length} files`);
  return {
    spec: child(result, "importSpec") ?? null,
    files: items.map((item) => ({
      deviceId: textOf(item, "deviceId") ?? "",
      path: textOf(item, "path") ?? "",
      size: countOf(item, "size") ?? null,
      create: textOf(item, "create") === "true",
    })),
    errors: wordsOf(result, "error"),
    warnings: wordsOf(result, "warning"),
  };
}

function wordsOf(result: XmlElement, kind: "error" | "warning"): readonly string[] {
  return children(result, kind).map((one) => {
    const { name, words } = localizedFault(one);
    return words === "" ? name : words;
  });
}

/** Members of VirtualMachineConfigSpec that stand before `uuid`, in the order of the API. */
const BEFORE_UUID = new Set(["changeVersion", "name", "version", "createDate"]);

/** The argument `spec` of ImportVApp: what the server made, for a machine that is known by a UUID before it is there. */
export function importSpecNode(spec: XmlElement, uuid: string): XmlNode {
  const node = asNode(spec, "spec");
  return {
    ...node,
    children: node.children.map((part) => {
      if (typeof part === "string" || !("name" in part) || part.name !== "configSpec") return part;
      const kept = part.children.filter(
        (one) => typeof one === "string" || !("name" in one) || !/^(?:uuid|instanceUuid)$/.test(one.name),
      );
      const at = kept.findIndex((one) => typeof one === "string" || !("name" in one) || !BEFORE_UUID.has(one.name));
      const split = at < 0 ? kept.length : at;
      const ids = [el("uuid", {}, uuid), el("instanceUuid", {}, uuid)];
      return { ...part, children: [...kept.slice(0, split), ...ids, ...kept.slice(split)] };
    }),
  };
}
