/** `node dist/scripts/gen-limits.js`, from the project root: writes docs/reference/limits.md. A test says when it is stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { defaultLimits } from "../src/base/limits.js";
import { renderLimits } from "./limits-render.js";

writeFileSync(
  "docs/reference/limits.md",
  renderLimits(readFileSync("src/base/limits.ts", "utf8"), { ...defaultLimits }),
);
