/** What steps of a deployment to XenServer do, as their records say it. */
import * as path from "node:path";
import { FerryError } from "../../../base/errors.js";
import type { StepRecord } from "../../deployment/state.js";

/** What a step does. `mark` is on all that is made, and tells it from what others have. */
export type XenAction =
  /** A network that leads to no other one, for the machines alone. */
  | { readonly kind: "network"; readonly name: string; readonly mark: string }
  /** An archive becomes machines. UUIDs are separated by blanks. */
  | {
      readonly kind: "import";
      readonly file: string;
      readonly storage: string;
      readonly uuids: string;
      readonly mark: string;
    }
  /** A machine gets a disk with its OVF environment. `machine` is its id in the package. */
  | {
      readonly kind: "environment";
      readonly machine: string;
      readonly name: string;
      readonly uuid: string;
      readonly storage: string;
      readonly mark: string;
    }
  /** A machine gets its OVF environment in Xen's store. */
  | { readonly kind: "xenstore"; readonly machine: string; readonly name: string; readonly uuid: string }
  /** Machines become a vApp. */
  | { readonly kind: "group"; readonly name: string; readonly uuids: string; readonly mark: string }
  | { readonly kind: "home"; readonly uuid: string; readonly host: string }
  | { readonly kind: "autostart"; readonly uuid: string };

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * An action as the state's file has it, which others may have changed.
 * @throws `deploy/bad-state`
 */
export function actionOf({ action, key }: StepRecord): XenAction {
  const { kind, file, storage, uuids, uuid, machine, name, mark, host } = action;
  const text = (...parts: readonly unknown[]): boolean => parts.every((part) => typeof part === "string");
  const isUuid = (part: unknown): boolean => typeof part === "string" && UUID.test(part);
  const areUuids = typeof uuids === "string" && uuids.split(" ").every(isUuid);
  const inside = typeof file === "string" && path.basename(file) === file && file !== "." && file !== "..";
  const right =
    (kind === "network" && text(name) && isUuid(mark)) ||
    (kind === "import" && inside && isUuid(storage) && areUuids && isUuid(mark)) ||
    (kind === "environment" && text(machine, name) && isUuid(uuid) && isUuid(storage) && isUuid(mark)) ||
    (kind === "xenstore" && text(machine, name) && isUuid(uuid)) ||
    (kind === "group" && text(name) && areUuids && isUuid(mark)) ||
    (kind === "home" && isUuid(uuid) && isUuid(host)) ||
    (kind === "autostart" && isUuid(uuid));
  if (right) return action as unknown as XenAction;
  throw new FerryError("deploy/bad-state", `the state's step ${JSON.stringify(key)} is none of XenServer's`, {
    hint: "The state was changed by somebody else. Put it back from a backup.",
  });
}

/** The parts of a record for an action. */
export function stepRecord(key: string, text: string, action: XenAction): StepRecord {
  return { key, text, status: "open", action };
}
