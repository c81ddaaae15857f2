/**
 * A host of Hyper-V behind the programs that reach it: `ssh` and `sftp`, or `powershell.exe`. It takes their arguments apart as the real ones do, and
 * refuses what these would take for something else; what PowerShell is told is taken apart by a parser of it and run against cmdlets that are written
 * from Microsoft's reference. Never compared with a real one.
 */
import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { delimiter, join, resolve } from "node:path";
import { createHost, type Host } from "../support/powershell/hyperv-host.js";
import { parsePowerShell } from "../support/powershell/parse.js";
import { runPowerShell, textOf } from "../support/powershell/run.js";
import { putFile, shellOf } from "./hyperv-shell.js";

/** Something that goes wrong once: on a word that a program is told, before or after the work. */
export interface HypervFault {
  readonly program: "ssh" | "sftp" | "powershell.exe";
  readonly told: string;
  /** What the program says. It ends with status 255. */
  readonly says: string;
  readonly when: "before" | "after";
}

/** A host, its drive, and what happened. */
export class FakeHyperv {
  readonly host: Host = createHost({
    switches: [
      { name: "lab", id: "switch-1", type: "External" },
      { name: "Default Switch", id: "switch-2", type: "Internal" },
    ],
  });
  /** Where the bytes of files are, by path. */
  readonly files: Map<string, string> = new Map();
  folders: string[] = ["D:", "D:\\Machines"];
  /** Bytes that the drive holds. */
  limit: number = 1e9;
  /** Whether the user may work with Hyper-V. */
  allowed: boolean = true;
  faults: HypervFault[] = [];
  /** What the programs were told. */
  readonly told: string[] = [];
  /** Of a process that reaches the host. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the bytes are kept. */
  readonly home: string;

  constructor(home: string, env: Readonly<Record<string, string>>) {
    this.home = home;
    this.env = env;
  }

  /** Whether the programs that were begun have ended. */
  busy: number = 0;

  /** Does what a program is told. @returns what it prints */
  answer(program: string, args: readonly string[], input: string): string {
    if (program === "powershell.exe") return this.#powershell(program, args);
    if (program === "ssh") {
      const [shell, ...words] = afterOptions(args, "-p");
      if (shell !== "powershell") throw new Failure(`'${shell}' is not recognized as an internal or external command`);
      return this.#powershell(program, words);
    }
    if (afterOptions(args, "-P").length > 0) throw new Failure("usage: sftp");
    return this.#working("sftp", input, () => {
      for (const line of input.split("\n").filter((text) => text !== "")) this.#put(line);
      return "";
    });
  }

  #powershell(program: HypervFault["program"], words: readonly string[]): string {
    const [last = "", flag] = [...words].reverse();
    const rest = words.slice(0, -2).join(" ");
    const known = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -OutputFormat Text";
    if (flag !== "-EncodedCommand" || rest !== known) throw new Failure(`unknown parameters: ${words.join(" ")}`);
    const script = Buffer.from(last, "base64").toString("utf16le");
    return this.#working(program, script, () => {
      const lines = runPowerShell(parsePowerShell(script), {}, shellOf(this)).map(textOf);
      // What a policy or a profile prints comes before.
      return ["Welcome.", ...lines, ""].join("\r\n");
    });
  }

  #put(line: string): void {
    const [, from = "", to = ""] = /^put "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$/.exec(line) ?? [];
    const plain = (text: string): string => text.replace(/\\(.)/g, "$1");
    const path = /^\/([A-Za-z]:\/.*)$/.exec(plain(to))?.[1]?.replaceAll("/", "\\");
    if (path === undefined) throw new Failure(`Invalid command: ${line}`);
    try {
      putFile(this, plain(from), path);
    } catch (cause) {
      throw new Failure(`dest open "${plain(to)}": ${(cause as Error).message}`);
    }
  }

  #working(program: HypervFault["program"], told: string, act: () => string): string {
    this.told.push(`${program} ${told}`);
    const at = this.faults.findIndex((fault) => fault.program === program && told.includes(fault.told));
    const [fault] = at < 0 ? [] : this.faults.splice(at, 1);
    if (fault?.when === "before") throw new Failure(fault.says);
    const printed = act();
    if (fault !== undefined) throw new Failure(fault.says);
    return printed;
  }
}

/** What ends a program with words on standard error. */
class Failure extends Error {}

/** What follows the options of ssh and sftp and the host. @param port the option for it */
function afterOptions(words: readonly string[], port: string): readonly string[] {
  const at = words.indexOf("--");
  const given = words.slice(0, Math.max(0, at)).join(" ");
  if (at < 0 || !given.includes("-oBatchMode=yes")) throw new Failure("it would ask for a password");
  const known = new RegExp(`^(?:-o[A-Za-z]+=[a-z0-9]+|-T|-q|-b -|${port} \\d+|\\s)+$`);
  if (!known.test(given)) throw new Failure(`unknown option -- ${given}`);
  const [host, ...rest] = words.slice(at + 1);
  if (host === "admin@hyperv.example") return rest;
  throw new Failure(`ssh: Could not resolve hostname ${host}: Name or service not known`);
}

/** Starts a host. @param folder for it and for its programs */
export async function startHyperv(folder: string): Promise<{ readonly hyperv: FakeHyperv; close(): Promise<void> }> {
  const [home, bin, address] = [join(folder, "hyperv"), join(folder, "hyperv-bin"), join(folder, "hyperv.socket")];
  mkdirSync(home);
  mkdirSync(bin);
  const program = resolve("dist/test/fakes/hyperv-program.js");
  for (const name of ["ssh", "sftp", "powershell.exe"]) {
    const file = join(bin, name);
    writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${program}' '${name}' "$@"\n`);
    chmodSync(file, 0o755);
  }
  const hyperv = new FakeHyperv(home, {
    FAKE_HYPERV: address,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let request = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      request += text;
      if (!request.endsWith("\n")) return;
      const { program: name, args, input } = JSON.parse(request);
      let said = { stdout: "", stderr: "", status: 0 };
      try {
        said = { ...said, stdout: hyperv.answer(name, args, input) };
      } catch (cause) {
        said = { ...said, stderr: (cause as Error).message, status: 255 };
      }
      socket.end(JSON.stringify(said));
    });
  });
  server.listen(address);
  await once(server, "listening");
  return {
    hyperv,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
