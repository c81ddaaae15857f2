import { createServer, type Server, type Socket } from "node:net";
import { FerryError } from "../../base/errors.js";
import type { NbdExport } from "./export.js";
import { serveConnection } from "./session.js";

/** Where a server listens: a Unix socket, or a port of the loopback. */
export type NbdAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly port: number };

/** A server that is up. */
export interface NbdServer {
  /** With the port that the system chose where 0 was asked for. */
  readonly address: NbdAddress;
  /** What clients open: `nbd+unix:///NAME?socket=PATH`. */
  uri(name: string): string;
  /** Ends all connections, and takes the socket away. */
  close(): Promise<void>;
}

/** Connections at once: a machine has few disks, and QEMU one connection for each. */
const MOST_CONNECTIONS = 64;

/**
 * Serves exports to whoever connects. A Unix socket belongs to who may enter its folder: put it into one of your own.
 * @param exports the first is what the empty name stands for
 * @throws `serve/no-address` where the address cannot be listened on
 */
export async function startNbdServer(exports: readonly NbdExport[], address: NbdAddress): Promise<NbdServer> {
  const byName = new Map(exports.map((one) => [one.name, one]));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => sockets.delete(socket));
    // A client that goes in the middle is no matter of ours.
    socket.on("error", () => socket.destroy());
    serveConnection({ incoming: socket, write: (bytes) => write(socket, bytes) }, byName)
      .catch(() => {})
      .finally(() => socket.end());
  });
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, address);
  const bound = server.address();
  const at: NbdAddress =
    address.kind === "tcp" && typeof bound === "object" && bound !== null ? { kind: "tcp", port: bound.port } : address;
  return {
    address: at,
    uri: (name) =>
      at.kind === "unix"
        ? `nbd+unix:///${encodeURIComponent(name)}?socket=${encodeURIComponent(at.path)}`
        : `nbd://127.0.0.1:${at.port}/${encodeURIComponent(name)}`,
    async close(): Promise<void> {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await ended;
    },
  };
}

function listen(server: Server, address: NbdAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const where = address.kind === "unix" ? address.path : `port ${address.port}`;
      reject(
        new FerryError("serve/no-address", `${where} cannot be listened on: ${cause.message}`, {
          cause,
          hint: "Choose another one; a socket's folder has to exist, and its path has at most 107 bytes.",
        }),
      );
    });
    server.once("listening", () => resolve());
    if (address.kind === "unix") server.listen({ path: address.path });
    else server.listen({ host: "127.0.0.1", port: address.port });
  });
}

/** Writes, and waits where the other side is slow. */
function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) {
      reject(new Error("the client is gone"));
      return;
    }
    socket.write(bytes, (cause) => (cause === undefined || cause === null ? resolve() : reject(cause)));
  });
}
