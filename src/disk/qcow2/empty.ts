import { viewOf, writeU64 } from "../../base/bytes.js";
import { serializeQcow2Header } from "./header.js";
import { CLUSTER, CLUSTER_BITS, L2_SPAN } from "./layout.js";

/**
 * A QCOW2 image in which nothing is written yet: what it does not hold is read from what QEMU is told to put behind it.
 * @param size guest bytes
 */
export function emptyQcow2(size: number): Uint8Array {
  const l1Entries = Math.max(1, Math.ceil(size / L2_SPAN));
  const l1Clusters = Math.ceil((l1Entries * 8) / CLUSTER);
  // Header, refcount table, one block of counts, which reaches far beyond, and the table of tables.
  const clusters = 3 + l1Clusters;
  const bytes = new Uint8Array(clusters * CLUSTER);
  const view = viewOf(bytes);
  bytes.set(
    serializeQcow2Header({
      clusterBits: CLUSTER_BITS,
      size,
      l1Entries,
      l1Offset: 3 * CLUSTER,
      refcountTableOffset: CLUSTER,
      refcountTableClusters: 1,
      backing: null,
      compression: "deflate",
    }),
  );
  writeU64(view, CLUSTER, 2 * CLUSTER, false);
  for (let i = 0; i < clusters; i++) view.setUint16(2 * CLUSTER + 2 * i, 1);
  return bytes;
}
