import type { SerialPort } from "../../appliance/appliance.js";
import type { XlReading } from "./import-scope.js";

/** Serial ports that are read: QEMU has four of a PC. */
const MOST_PORTS = 64;

/** Serial ports, in QEMU's words for what is behind them. Sources: xl.cfg(5) `serial`, qemu(1) `-serial`. */
export function readSerialPorts({ view, machine, type, origin, left }: XlReading): void {
  if (type !== "hvm") return;
  origin("serialPorts", view.place("serial"));
  for (const [index, word] of view.list("serial", MOST_PORTS).entries()) {
    const backing = backingOf(word);
    if (backing === "none") continue;
    if (backing === null) left(`serial port ${index}`, word);
    machine.serialPorts.push({ index, ...(backing ?? { backing: null, target: null }) });
  }
}

/** `null`: something that only QEMU has. */
function backingOf(word: string): Omit<SerialPort, "index"> | "none" | null {
  if (word === "none") return "none";
  if (word === "null") return { backing: null, target: null };
  if (word === "pty") return { backing: "pty", target: null };
  if (word.startsWith("/dev/")) return { backing: "device", target: word };
  const [, kind = "", rest = ""] = /^([a-z]+):(.*)$/s.exec(word) ?? [];
  switch (kind) {
    case "file":
      return { backing: "file", target: rest };
    case "pipe":
    case "unix":
      return { backing: "pipe", target: rest.split(",")[0] ?? null };
    case "tcp":
    case "telnet":
    case "udp": {
      const server = /,server(?:,|$|=on)/.test(rest) ? ",server" : "";
      return { backing: "network", target: `${kind}://${rest.split(",")[0]}${server}` };
    }
    default:
      return null;
  }
}
