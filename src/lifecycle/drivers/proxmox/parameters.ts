/** A configuration that the export wrote, as parameters of the call that makes the machine. */
import { FerryError } from "../../../base/errors.js";
import { parseConf } from "../../../platforms/proxmox/conf.js";
import type { PveParameters } from "./api.js";

/** What is made of it. */
export interface CreateWish {
  readonly vmid: number;
  readonly uuid: string;
  readonly pool: string | null;
  /** For what the host makes itself: where firmware and TPM keep what they remember. */
  readonly storage: string;
  /** 1: with its place in the order in which the host starts machines. */
  readonly startup: number;
  /** 1: the processor is emulated. */
  readonly emulate: number;
}

const DRIVE = /^(?:ide|sata|scsi|virtio)\d+$/;
const MADE = /^(?:efidisk0|tpmstate0)$/;
/** The export's word for a volume that the host makes, and for a file that becomes one. */
const MADE_VOLUME = /^[^:,]+:vm-\d+-(?:efidisk0|tpmstate0)(?=,|$)/;

/**
 * All of a machine but its drives that are files: those are steps of their own.
 * @param conf as the export wrote it
 * @throws `deploy/bad-state` where it is not the machine's
 */
export function createParameters(conf: Uint8Array, wish: CreateWish): PveParameters {
  const { settings, description } = parseConf(conf);
  const parameters: Record<string, string | number> = { vmid: wish.vmid };
  for (const [key, { value }] of settings) {
    if (key === "boot" || (key === "startup" && wish.startup === 0)) continue;
    if (DRIVE.test(key)) {
      // An empty CD drive is no file.
      if (value === "none" || value.startsWith("none,")) parameters[key] = value;
    } else if (!MADE.test(key)) parameters[key] = value;
    else if (MADE_VOLUME.test(value)) {
      const options = value.replace(MADE_VOLUME, "").replace(/,size=[^,]*/, "");
      parameters[key] = `${wish.storage}:1${options}`;
    }
  }
  if (description !== null) parameters.description = description;
  if (wish.pool !== null) parameters.pool = wish.pool;
  if (wish.emulate === 1) {
    // What the processor of the host has cannot be emulated by its name.
    parameters.kvm = 0;
    parameters.cpu = "max";
  }
  if (parameters.smbios1 === `uuid=${wish.uuid}`) return parameters;
  throw new FerryError("deploy/bad-state", "the configuration among the deployment's files is another machine's", {
    hint: "Run vmferry deployment destroy NAME, and deploy again.",
  });
}
