/**
 * The world wide name of a drive on a SAS controller, 16 hexadecimal digits: a locally assigned one (NAA 3), by its place, so that it is the same
 * in every conversion. QEMU 7.2's mptsas1068 shows drives to its guests by nothing else: without it Linux 6.1 (driver mptsas) finds no disk, while
 * the BIOS starts from it all the same.
 */
export function sasName(controllerIndex: number, slot: number): string {
  const place = controllerIndex * 256 + slot + 1;
  return `3${place.toString(16).padStart(15, "0")}`;
}
