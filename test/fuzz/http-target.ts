import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createHttpClient } from "../../src/runtime/node/http/client.js";
import { MOST_REDIRECTS } from "../../src/runtime/node/http/options.js";
import { openResource } from "../../src/runtime/node/http/resource.js";
import type { FuzzTarget } from "./target.js";

/** Stands between two answers of an input. */
const BETWEEN = "\n=====\n";
const HEAD_BYTES = 256;
/** The most that is taken whole from a server that knows no ranges, and so the largest head. */
const MOST_HEAD = 2 ** 20;
const RETRIES = 1;
/** The head, a middle and the end; tried again, asked again at the first address, each time over all redirects. */
const MOST_REQUESTS: number = 3 * (RETRIES + 1) * 2 * (MOST_REDIRECTS + 1);

const BODY = Array.from({ length: 600 }, (_, i) => String.fromCharCode(97 + (i % 26))).join("");

function part(from: number, to: number, headers: readonly string[] = ['ETag: "a"'], all = 600): string {
  const length = `Content-Length: ${to - from}`;
  const range = `Content-Range: bytes ${from}-${to - 1}/${all}`;
  return ["HTTP/1.1 206 Partial Content", length, range, ...headers, "", BODY.slice(from, to)].join("\r\n");
}

function plain(status: string, headers: readonly string[], body = ""): string {
  return [`HTTP/1.1 ${status}`, ...headers, "", body].join("\r\n");
}

const DATED = ["Last-Modified: Wed, 25 Nov 2026 10:00:00 GMT", "Date: Thu, 26 Nov 2026 10:00:00 GMT"];
const CHUNKED = ["Transfer-Encoding: chunked", "Content-Range: bytes 0-255/600"];
const REST = [part(256, 356), part(599, 600)];

/** What servers answer, in the order in which they are asked. */
const CONVERSATIONS: readonly (readonly string[])[] = [
  [part(0, 256), ...REST],
  [part(0, 256, DATED), part(256, 356, DATED), part(599, 600, DATED)],
  [part(0, 200, ['ETag: W/"a"', "Connection: keep-alive"], 200)],
  [
    plain(
      "206 Partial Content",
      CHUNKED,
      `80;a=b\r\n${BODY.slice(0, 128)}\r\n80\r\n${BODY.slice(128, 256)}\r\n0\r\nX: y\r\n\r\n`,
    ),
    ...REST,
  ],
  [plain("200 OK", ["Content-Length: 40", 'ETag: "a"'], BODY.slice(0, 40))],
  [plain("200 OK", ["Transfer-Encoding: chunked"], `28\r\n${BODY.slice(0, 40)}\r\n0\r\n\r\n`)],
  [plain("200 OK", ["Content-Encoding: gzip", "Content-Length: 3"], "abc")],
  [plain("416 Range Not Satisfiable", ["Content-Range: bytes */0", "Content-Length: 0"])],
  [plain("302 Found", ["Location: /b/disk.img?x=1", "Content-Length: 0"]), part(0, 256), ...REST],
  [plain("503 Service Unavailable", ["Retry-After: 0", "Content-Length: 0"]), part(0, 256), ...REST],
  [plain("100 Continue", []) + part(0, 256) + part(0, 256), ...REST],
  [part(0, 256), plain("403 Forbidden", ["Content-Length: 2"], "no"), ...REST],
];

/** A server that says what a case wants, whatever it is asked, and hangs up. */
interface Script {
  origin: string;
  answers: readonly Uint8Array[];
  asked: number;
}

async function startScript(): Promise<Script> {
  const script: Script = { origin: "", answers: [], asked: 0 };
  const server = createServer((socket: Socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      const answer = script.answers[Math.min(script.asked++, script.answers.length - 1)];
      socket.end(answer ?? "");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // The thread ends when its cases do.
  server.unref();
  script.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return script;
}

let started: Promise<Script> | null = null;

/** Whether an input may make the reader ask another server than the one that is scripted: such a case is left out. */
function leadsAway(text: string): boolean {
  const places = [...text.matchAll(/location/gi)];
  return places.some(({ index }) => !/^location: \/[a-z][\w./?=]*\r\n[A-Za-z]/i.test(text.slice(index)));
}

/** What a server answers: status lines, headers, lying ranges and lengths, chunks, redirects, and bodies that break off. */
export const httpTarget: FuzzTarget = {
  name: "http",
  async seeds() {
    return CONVERSATIONS.map((answers) => new TextEncoder().encode(answers.join(BETWEEN)));
  },
  async run(bytes) {
    const text = Buffer.from(bytes).toString("latin1");
    if (leadsAway(text)) return;
    started ??= startScript();
    const script = await started;
    script.answers = text.split(BETWEEN).map((answer) => Buffer.from(answer, "latin1"));
    script.asked = 0;
    const failure = await converse(script.origin).then(
      () => null,
      (cause: unknown) => cause,
    );
    if (script.asked > MOST_REQUESTS) throw new Error(`${script.asked} requests were made`);
    if (failure !== null) throw failure;
  },
};

/** Opens a file, and reads a middle and the end of it. */
async function converse(origin: string): Promise<void> {
  const client = createHttpClient({ retries: RETRIES, retryDelayMs: 0, mostDelayMs: 0, timeoutMs: 1000 });
  try {
    const url = new URL(`${origin}/a/disk.img`);
    const { size, head, chunks } = await openResource(client, url, HEAD_BYTES, url);
    if (!Number.isSafeInteger(size) || size < 0) throw new Error(`a file of ${size} bytes`);
    if (head.length > Math.min(size, MOST_HEAD)) throw new Error(`the first ${head.length} bytes of ${size}`);
    if (head.length < Math.min(size, HEAD_BYTES)) throw new Error(`only ${head.length} bytes of ${size} came first`);
    const middle = Math.min(HEAD_BYTES, size);
    for (const range of [
      { offset: middle, length: Math.min(100, size - middle) },
      { offset: Math.max(0, size - 1), length: Math.min(1, size) },
    ]) {
      let got = 0;
      for await (const chunk of chunks(range)) got += chunk.length;
      if (got !== range.length) throw new Error(`${got} bytes came in place of ${range.length}`);
    }
  } finally {
    client.close();
  }
}
