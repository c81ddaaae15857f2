import type { ByteSource } from "../source.js";

/** A source whose closing is somebody else's, or `close` where that is given: for lending it to what closes what it opens. */
export function borrowed(source: ByteSource, close: () => Promise<void> = async () => {}): ByteSource {
  return {
    label: source.label,
    size: source.size,
    read: (offset, length, signal) => source.read(offset, length, signal),
    stream: (range, signal) => source.stream(range, signal),
    ...(source.dataRuns === undefined ? {} : { dataRuns: source.dataRuns.bind(source) }),
    ref: () => source.ref(),
    ...(source.checkUnchanged === undefined ? {} : { checkUnchanged: source.checkUnchanged.bind(source) }),
    ...(source.watch === undefined ? {} : { watch: source.watch.bind(source) }),
    close,
  };
}
