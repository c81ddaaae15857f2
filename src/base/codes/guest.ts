import type { CodeTable } from "./codes.js";

/** Codes of the area `guest`: what the system on a boot disk says. */
export const guestCodes: CodeTable = {
  "guest/system-from-disk": {
    what: "The guest system was told by the boot disk, because nobody named it.",
    why: "Platforms choose devices and settings by the guest system.",
    fix: "Name it with `--os` if this is wrong.",
  },
  "guest/driver-missing": {
    what: "The guest may not have the driver that its boot disk needs on the target.",
    why: "A system that cannot drive its root's disk stops before it starts. What is known comes from the kernels and initial RAM disks on the disk.",
    fix: "Put the disk on another bus with `--bus`, or add the driver to the initial RAM disk in the source machine.",
  },
};
