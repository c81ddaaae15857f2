/** A private network between machines: a switch on a Unix socket that takes frames as QEMU's `-netdev stream` sends them. */
import { createServer, type Socket } from "node:net";

/** A network that is up. */
export interface PrivateNetwork {
  close(): Promise<void>;
}

/** Bytes of a frame: QEMU's own limit (NET_BUFSIZE, net/net.h). */
const MOST_FRAME = 4096 + 65_536;
/** Bytes that may wait for a machine that does not read: then frames for it are dropped, as on any full cable. */
const MOST_WAITING = 4 * 1024 * 1024;
/** Cards of one network. */
const MOST_PORTS = 256;
/** Addresses that are remembered for each card. */
const MOST_ADDRESSES = 1024;

/** Starts a network. The socket has to lie in a folder that only its owner enters. */
export async function startPrivateNetwork(path: string): Promise<PrivateNetwork> {
  const ports = new Set<Socket>();
  const homes = new Map<string, Socket>();
  const server = createServer((socket) => {
    ports.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      ports.delete(socket);
      for (const [address, home] of homes) if (home === socket) homes.delete(address);
    });
    let rest: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      // Length in network order, then the frame (net/stream.c).
      while (bytes.length >= 4) {
        const length = bytes.readUInt32BE(0);
        if (length > MOST_FRAME) {
          socket.destroy();
          return;
        }
        if (bytes.length < 4 + length) break;
        pass(socket, bytes.subarray(0, 4 + length));
        bytes = bytes.subarray(4 + length);
      }
      rest = bytes;
    });
  });

  /** One frame with its length: to where its receiver was seen, else to all others. */
  function pass(from: Socket, message: Buffer): void {
    if (message.length < 4 + 14) return;
    const to = message.toString("hex", 4, 10);
    const sender = message.toString("hex", 10, 16);
    if (homes.size < MOST_PORTS * MOST_ADDRESSES || homes.has(sender)) homes.set(sender, from);
    const home = homes.get(to);
    const receivers = home === undefined ? ports : [home];
    for (const port of receivers) {
      if (port !== from && port.writableLength < MOST_WAITING) port.write(message);
    }
  }

  server.maxConnections = MOST_PORTS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path }, resolve);
  });
  return {
    async close(): Promise<void> {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const port of ports) port.destroy();
      await closed;
    },
  };
}
