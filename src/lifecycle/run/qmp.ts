/** QEMU's machine protocol over a Unix socket, as far as it takes to watch a machine and to end it. Source: QEMU, docs/interop/qmp-spec. */
import { connect, type Socket } from "node:net";

/** A monitor that is connected. */
export interface Monitor {
  /** @throws an Error with what QEMU says */
  execute(command: string): Promise<unknown>;
  close(): void;
}

/** Bytes of one message: none that we ask for is near that. */
const MOST_MESSAGE = 1024 * 1024;

/** Connects and agrees on the protocol. @throws where the socket is not there or something else listens on it */
export async function connectMonitor(path: string): Promise<Monitor> {
  const socket = await opened(path);
  const waiting: { resolve(value: unknown): void; reject(cause: Error): void }[] = [];
  let greeted: () => void = () => {};
  const greeting = new Promise<void>((resolve) => {
    greeted = resolve;
  });
  let rest = "";
  let gone: Error | null = null;
  const end = (cause: Error): void => {
    gone ??= cause;
    for (const one of waiting.splice(0)) one.reject(gone);
    greeted();
    socket.destroy();
  };
  socket.setEncoding("utf8");
  socket.on("error", end);
  socket.on("close", () => end(new Error("QEMU has closed its monitor")));
  socket.on("data", (chunk: string) => {
    rest += chunk;
    if (rest.length > MOST_MESSAGE) return end(new Error("QEMU's monitor says too much at once"));
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });

  function take(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      end(new Error("QEMU's monitor does not speak JSON"));
      return;
    }
    if (typeof message !== "object" || message === null) return;
    if ("QMP" in message) greeted();
    else if ("return" in message) waiting.shift()?.resolve(message.return);
    else if ("error" in message) {
      const { desc } = message.error as { desc?: unknown };
      waiting.shift()?.reject(new Error(typeof desc === "string" ? desc : "QEMU refuses"));
    }
    // The rest are events: what they tell is asked for where it matters.
  }

  const execute = (command: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (gone !== null) return reject(gone);
      waiting.push({ resolve, reject });
      socket.write(`${JSON.stringify({ execute: command })}\n`);
    });
  await greeting;
  await execute("qmp_capabilities");
  return { execute, close: () => socket.destroy() };
}

function opened(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
