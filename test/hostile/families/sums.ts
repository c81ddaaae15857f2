import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HostileFamily } from "../case.js";
import { GOOD, packed } from "../make.js";

/** The good archive with a file of sums beside it. */
const beside = (sums: () => string | Uint8Array) => (place: string) => {
  writeFileSync(join(place, "SHA256SUMS"), sums());
  return packed(() => GOOD)(place);
};
const named = ["--sums", "FOLDER/SHA256SUMS"];

/** What is given from outside to compare with. */
export const sumsFamily: HostileFamily = {
  title: "Sums given from outside",
  cases: [
    {
      tries: "a package that has not the sum that was given",
      code: "package/sum-mismatch",
      lay: packed(() => GOOD),
      options: ["--sha256", "0".repeat(64)],
      runs: { verify: 1 },
    },
    {
      tries: "a sum that is too short to be one",
      code: "cli/invalid-value",
      lay: packed(() => GOOD),
      options: ["--sha256", "00"],
      runs: { verify: 2 },
    },
    {
      tries: "a file of sums with a wrong one",
      code: "package/sum-mismatch",
      lay: beside(() => `${"0".repeat(64)}  box.ova\n`),
      options: named,
      runs: { verify: 1 },
    },
    {
      tries: "a file of sums of other files",
      code: "cli/sum-not-listed",
      lay: beside(() => `${"0".repeat(64)}  other.ova\n`),
      options: named,
      runs: { verify: 2 },
    },
    {
      tries: "a file of sums with the package in a folder of the same name",
      code: "package/sum-mismatch",
      lay: beside(() => `${"0".repeat(64)}  evil/box.ova\n`),
      options: named,
      runs: { verify: 1 },
    },
    {
      tries: "a file of sums of 5 MiB",
      code: "io/limit",
      lay: beside(() => "x".repeat(5 * 2 ** 20)),
      options: named,
      runs: { verify: 3 },
    },
    {
      tries: "a file of sums that is noise",
      code: "cli/sum-not-listed",
      lay: beside(() => Uint8Array.from({ length: 4096 }, (_, i) => (i * 193) % 256)),
      options: named,
      runs: { verify: 2 },
    },
    {
      tries: "a file of sums that is not there",
      code: "io/not-found",
      lay: packed(() => GOOD),
      options: ["--sums", "FOLDER/nothing"],
      runs: { verify: 3 },
    },
  ],
};
