/** Other ways by which guests are told what an OVF environment says: for systems that look for no CD with `ovf-env.xml`. */
import { defaultLimits } from "../base/limits.js";
import { writeIso } from "../package/iso/write.js";
import { parseEnvironment } from "./inside/environment.js";

/**
 * `cloud-init`: a CD with a seed of its source NoCloud. `fw-cfg`: a file of QEMU's firmware configuration. `xenstore`: `vm-data/ovf-env` in Xen's store.
 */
export type Bridge = "cloud-init" | "fw-cfg" | "xenstore";

/** Those of machines that run here. */
export const BRIDGES: readonly Bridge[] = ["cloud-init", "fw-cfg"];

/**
 * Those of machines that are deployed. libvirt has no way to QEMU's firmware configuration that keeps secrets: their text would stand among the arguments
 * of QEMU, or in a file that everybody may read.
 */
export const DEPLOY_BRIDGES: readonly Bridge[] = ["cloud-init", "xenstore"];

/** The name of the environment in QEMU's firmware configuration; names of users begin with `opt/` (QEMU, docs/specs/fw_cfg). */
export const FW_CFG_NAME = "opt/vmferry/ovf-env";

/** What a seed is made of. */
export interface SeedFacts {
  /** The OVF environment, an XML document. */
  readonly environment: string;
  /** What the guest is called where no property says so. */
  readonly name: string;
  /** The same for as long as the machine's disks are the same: with another one cloud-init starts over. */
  readonly instance: string;
  readonly modified: Date;
}

/** Properties that are for cloud-init, by the keys that its own source for OVF goes by. */
const HOST_KEYS = ["local-hostname", "hostname"];

/**
 * A CD that cloud-init finds by its label (documentation of cloud-init, "NoCloud": `cidata`, `meta-data`, `user-data`). Properties `hostname`,
 * `public-keys`, `password`, `instance-id` and `user-data` (in Base64 or plain) mean what they mean to its source for OVF. The environment itself is
 * beside them.
 */
export function cloudInitSeed({ environment, name, instance, modified }: SeedFacts): Uint8Array {
  const bytes = new TextEncoder().encode(environment);
  const { properties } = parseEnvironment(bytes, "the OVF environment", defaultLimits);
  const values = new Map(properties.map(({ key, value }) => [key, value]));
  const value = (key: string): string | null => values.get(key) || null;
  const host = HOST_KEYS.map(value).find((one) => one !== null) ?? hostName(name);
  const keys = (value("public-keys") ?? "").split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
  const metaData = {
    "instance-id": value("instance-id") ?? instance,
    "local-hostname": host,
    ...(keys.length === 0 ? {} : { "public-keys": keys }),
  };
  const given = value("user-data");
  const files = {
    "meta-data": json(metaData),
    "user-data": given === null ? `#cloud-config\n${json(configOf(value("password")))}` : decoded(given),
    "ovf-env.xml": environment,
  };
  const all = Object.entries(files).map(([file, text]) => ({ name: file, bytes: new TextEncoder().encode(text) }));
  return writeIso(all, { label: "cidata", modified });
}

function configOf(password: string | null): Readonly<Record<string, unknown>> {
  return password === null ? {} : { password, ssh_pwauth: true, chpasswd: { expire: false } };
}

/** JSON is YAML, and its strings need no thought about what YAML takes words for. */
function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What is valid as Base64 is taken for it, as cloud-init does. */
function decoded(value: string): string {
  const packed = value.replace(/\s/g, "");
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) return value;
  return new TextDecoder().decode(Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0)));
}

/** A name as a host may have it (RFC 1123, 2.1). */
function hostName(name: string): string {
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63)
    .replace(/-+$/, "");
  return label === "" ? "localhost" : label;
}
