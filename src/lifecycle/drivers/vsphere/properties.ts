/** Properties of objects of a vSphere, read through its property collector: page by page, or through a view of everything below an object. */
import { isCanceled } from "../../../base/errors.js";
import { el, type XmlNode } from "../../../xml/build.js";
import type { XmlElement } from "../../../xml/tree.js";
import { faultError } from "./faults.js";
import { badAnswer, child, children, type Ref, refNode, refOf, textOf } from "./soap.js";

/** What the server says of itself (AboutInfo), and the objects that everything starts from (ServiceContent). */
export interface VsphereContent {
  /** `VMware vCenter Server`. */
  readonly name: string;
  readonly version: string;
  /** Whether it is a vCenter: an ESXi alone has no folders of machines. */
  readonly isCenter: boolean;
  /** One object of the service by its name in ServiceContent; `null`: this server has it not. */
  object(name: string): Ref | null;
}

/** How a call is made. */
export interface CallOptions {
  /** In words, for messages: `start web`. */
  readonly doing: string;
  /** Set where it changes nothing, or the second time does what the first did: then a broken connection is tried again. */
  readonly repeatable?: true;
  /** Milliseconds that nothing may come for. */
  readonly timeoutMs?: number;
}

/** Who calls methods. */
export interface VsphereCaller {
  content(signal: AbortSignal): Promise<VsphereContent>;
  /** @throws `VsphereFault` for what the server says in place of an answer */
  call(
    method: string,
    of: Ref,
    args: readonly XmlNode[],
    options: CallOptions,
    signal: AbortSignal,
  ): Promise<XmlElement>;
}

/** Properties that were asked for, of one object. What it has not, or does not show to this user, is `undefined`. */
export interface ObjectProperties {
  readonly ref: Ref;
  get(path: string): XmlElement | undefined;
}

/** Objects of one listing. */
const MOST_OBJECTS = 200_000;

/** One of the objects that the service has. @throws `deploy/refused` */
export function objectOf(content: VsphereContent, name: string): Ref {
  const ref = content.object(name);
  if (ref !== null) return ref;
  throw faultError(
    { name: "NotSupported", words: `the server has no ${name}`, fields: new Map() },
    "look at the server",
  );
}

/** Which properties of objects of a type, and of those made of it, are wanted. */
export function propSet(type: string, paths: readonly string[]): XmlNode {
  return el(
    "propSet",
    {},
    el("type", {}, type),
    el("all", {}, "false"),
    ...paths.map((path) => el("pathSet", {}, path)),
  );
}

/** Everything of some types below an object, through a view that is made for it. */
export async function viewed(
  client: VsphereCaller,
  root: Ref,
  types: readonly string[],
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly ObjectProperties[]> {
  const views = objectOf(await client.content(signal), "viewManager");
  const options = { doing: "list what is there", repeatable: true } as const;
  const made = await client.call(
    "CreateContainerView",
    views,
    [refNode("container", root), ...types.map((type) => el("type", {}, type)), el("recursive", {}, "true")],
    options,
    signal,
  );
  const view = refOf(child(made, "returnval"));
  if (view === null) throw badAnswer("CreateContainerView", "nothing");
  const selected = [el("type", {}, "ContainerView"), el("path", {}, "view"), el("skip", {}, "false")];
  const through = el(
    "objectSet",
    {},
    refNode("obj", view),
    el("skip", {}, "true"),
    el("selectSet", { "xsi:type": "TraversalSpec" }, ...selected),
  );
  const props = types.map((type) => propSet(type, paths));
  const found = await retrieve(client, props, [through], signal);
  // Where this fails, it ends with the session.
  await client.call("DestroyView", view, [], options, signal).catch((cause: unknown) => rethrowCanceled(cause));
  return found;
}

/** @throws `deploy/bad-answer` for more objects than a listing may have */
export async function retrieve(
  client: VsphereCaller,
  props: readonly XmlNode[],
  objects: readonly XmlNode[],
  signal: AbortSignal,
): Promise<readonly ObjectProperties[]> {
  const collector = objectOf(await client.content(signal), "propertyCollector");
  const options = { doing: "look at what is there", repeatable: true } as const;
  const found: ObjectProperties[] = [];
  const args = [el("specSet", {}, ...props, ...objects), el("options", {})];
  let answer = await client.call("RetrievePropertiesEx", collector, args, options, signal);
  for (;;) {
    const value = child(answer, "returnval");
    for (const object of children(value, "objects")) {
      const one = propertiesIn(object);
      if (one !== null) found.push(one);
    }
    if (found.length > MOST_OBJECTS) throw badAnswer("RetrievePropertiesEx", `more than ${MOST_OBJECTS} objects`);
    const token = textOf(value, "token");
    if (token === undefined || token === "") return found;
    answer = await client.call("ContinueRetrievePropertiesEx", collector, [el("token", {}, token)], options, signal);
  }
}

function propertiesIn(object: XmlElement): ObjectProperties | null {
  const ref = refOf(child(object, "obj"));
  if (ref === null) return null;
  const values = new Map<string, XmlElement>();
  for (const part of children(object, "propSet")) {
    const [name, value] = [textOf(part, "name"), child(part, "val")];
    if (name !== undefined && value !== undefined) values.set(name, value);
  }
  return { ref, get: (path) => values.get(path) };
}

function rethrowCanceled(cause: unknown): void {
  if (isCanceled(cause)) throw cause;
}
