import { connect, type Socket } from "node:net";
import type { ReadStream } from "node:tty";
import { FerryError } from "../../../base/errors.js";
import { isAlive } from "../../../lifecycle/run/processes.js";
import { openStore } from "../../../lifecycle/run/store.js";
import { consoleSocket } from "../../../lifecycle/run/supervise.js";
import { type Cli, type CommandDefinition, defineCommand } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { text } from "../../options.js";
import { machineNamed } from "../../runs.js";

/** Ctrl-], as telnet and virsh have it. */
const ESCAPE = 0x1d;

/** `vmferry vm console NAME`. */
export const vmConsole: CommandDefinition = defineCommand({
  arguments: [{ name: "NAME", what: "a run that runs", complete: [] }],
  options: { machine: text("--machine ID", "which machine, where there are several") },
  details: [
    "Connects this terminal with the first serial port of a machine. Ctrl-] ends that; the machine goes on. One connection at a time: another one waits for the first to end.",
    "What the guest sends reaches the terminal as it is, control characters included: use `vm logs` for guests that you do not trust.",
  ],
  examples: ["vm console web", "vm console web --machine db"],
  async run([name = ""], options, cli) {
    const store = openStore();
    const state = await store.read(name);
    const { machine, index } = machineNamed(state, options.machine);
    if (state.sockets === null || !isAlive(machine.process)) {
      throw new FerryError("vm/not-running", `${machine.id} of ${name} does not run`, {
        hint: `Start it with vmferry vm start ${name}; what it said is in vmferry vm logs ${name}.`,
      });
    }
    await talk(consoleSocket(state.sockets, index), cli);
    return exitCodes.done;
  },
});

async function talk(path: string, { terminal, stdin, signal }: Cli): Promise<void> {
  const input = stdin as Partial<ReadStream> & NodeJS.ReadableStream;
  const socket = await connected(path);
  const raw = input.isTTY === true && input.setRawMode !== undefined;
  if (raw) {
    terminal.note("Ctrl-] ends the connection.");
    input.setRawMode?.(true);
  }
  try {
    await new Promise<void>((resolve) => {
      const stop = (): void => {
        socket.destroy();
        resolve();
      };
      socket.on("data", (chunk: Uint8Array) => {
        socket.pause();
        void terminal.data(new TextDecoder().decode(chunk)).finally(() => socket.resume());
      });
      socket.on("close", stop);
      socket.on("error", stop);
      signal.addEventListener("abort", stop, { once: true });
      input.on("data", (chunk: Uint8Array | string) => {
        const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
        const end = raw ? bytes.indexOf(ESCAPE) : -1;
        socket.write(end < 0 ? bytes : bytes.subarray(0, end));
        if (end >= 0) stop();
      });
      // Piped input that has ended leaves the console open: what the guest answers is still to come.
      input.resume();
    });
  } finally {
    if (raw) input.setRawMode?.(false);
    input.pause();
    input.removeAllListeners("data");
  }
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("connect", () => resolve(socket));
    socket.once("error", (cause) =>
      reject(
        new FerryError("vm/not-running", "the console cannot be reached", { cause, hint: "Look at vmferry vm ps." }),
      ),
    );
  });
}
