import { formatBytes, plural } from "../base/text.js";
import { renderFindings } from "./findings.js";
import { columns, facts, oneLine } from "./layout.js";
import type { Palette } from "./palette.js";
import type { AuditResult } from "./results.js";

/** What an audit found, in three parts. */
export function renderAudit({ asks, platforms, findings }: AuditResult, palette: Palette): readonly string[] {
  const lines = [
    palette.title("asks for"),
    ...facts(
      [
        ["machines", plural(asks.machines, "machine")],
        ["processors", String(asks.cpus)],
        ["memory", formatBytes(asks.memoryBytes)],
        ["disks", `${plural(asks.disks, "disk")}, ${formatBytes(asks.capacityBytes)}`],
        ["networks", asks.networks.length === 0 ? "none" : asks.networks.map(oneLine).join(", ")],
        ["firmware", asks.firmware.map(oneLine).join(", ")],
      ],
      "  ",
      palette,
    ),
    palette.title("on each platform"),
  ];
  const paint = { fits: palette.good, changes: palette.warning, refused: palette.error };
  const rows = (platforms ?? []).map(({ target, outlook, notes, worst }) => [
    target,
    paint[outlook](outlook),
    worst === null ? (notes === 0 ? "" : plural(notes, "note")) : oneLine(worst),
  ]);
  lines.push(...(platforms === null ? ["  not tried: there are too many machines"] : columns(rows, "  ")));
  lines.push(palette.title("deserves a look"));
  lines.push(...(findings.length === 0 ? ["  nothing"] : renderFindings(findings, palette, "  ")));
  return lines;
}
