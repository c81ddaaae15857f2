import type { AnyRule } from "../rule.js";
import { targetDiskRules } from "./disks.js";
import { targetDriveRules } from "./drives.js";
import { targetEnvelopeRules } from "./envelope.js";
import { targetFamilyRules } from "./family.js";
import { targetFileRules } from "./files.js";
import { targetItemRules } from "./items.js";
import { targetMachineRules } from "./machines.js";
import { targetMemoryRules } from "./memory.js";
import { targetPackageRules } from "./package.js";
import { targetVmwareRules } from "./vmware.js";

/** Rules of single targets: what `--for` asks. */
export const targetRules: readonly AnyRule[] = [
  ...targetEnvelopeRules,
  ...targetFamilyRules,
  ...targetItemRules,
  ...targetMemoryRules,
  ...targetDriveRules,
  ...targetDiskRules,
  ...targetFileRules,
  ...targetMachineRules,
  ...targetVmwareRules,
  ...targetPackageRules,
];
