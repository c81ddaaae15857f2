/** A connection as a stream that can be read by counts of bytes. */

/** Bytes as they come, both ways. */
export interface ByteConnection {
  readonly incoming: AsyncIterable<Uint8Array>;
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Reads so many bytes at a time. */
export interface CountedReader {
  /** `null`: the other side ended before the first of them. @throws RangeError where it ended among them */
  read(count: number): Promise<Uint8Array | null>;
  /** Takes bytes away without keeping them. @throws as `read` */
  skip(count: number): Promise<void>;
}

/** Reads of a stream by counts. Nothing more than what was asked for and one chunk is kept. */
export function countedReader(incoming: AsyncIterable<Uint8Array>): CountedReader {
  const chunks = incoming[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  const more = async (): Promise<boolean> => {
    while (rest.length === 0) {
      const next = await chunks.next();
      if (next.done === true) return false;
      rest = next.value;
    }
    return true;
  };
  const cut = (): RangeError => new RangeError("the connection ended in the middle of a message");
  return {
    async read(count): Promise<Uint8Array | null> {
      const into = new Uint8Array(count);
      for (let filled = 0; filled < count; ) {
        if (!(await more())) {
          if (filled === 0) return null;
          throw cut();
        }
        const part = rest.subarray(0, count - filled);
        into.set(part, filled);
        filled += part.length;
        rest = rest.subarray(part.length);
      }
      return into;
    },
    async skip(count): Promise<void> {
      for (let left = count; left > 0; ) {
        if (!(await more())) throw cut();
        const part = Math.min(left, rest.length);
        rest = rest.subarray(part);
        left -= part;
      }
    },
  };
}
