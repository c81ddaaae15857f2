/** Loaded into a command's process: writes the most memory that it had, in KiB, to the file that VMFERRY_TEST_PEAK names. */
import { writeFileSync } from "node:fs";

const file = process.env.VMFERRY_TEST_PEAK;
if (file !== undefined) process.on("exit", () => writeFileSync(file, String(process.resourceUsage().maxRSS)));
