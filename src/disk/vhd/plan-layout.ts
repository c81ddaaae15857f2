import { alignUp, MIB } from "../../base/bytes.js";
import { bitmapBytesOf } from "./bat.js";
import { DYNAMIC_HEADER_BYTES, FOOTER_BYTES } from "./header.js";

/** Bytes of the blocks that we write: the size that every reader knows. */
export const BLOCK: number = 2 * MIB;
/** Bytes of such a block's sector bitmap. */
export const BITMAP: number = bitmapBytesOf(BLOCK);
/** Where the block table begins. */
export const TABLE_AT: number = FOOTER_BYTES + DYNAMIC_HEADER_BYTES;
/** Data of blocks starts at multiples of a page, as Hyper-V and XenServer place it; the bitmap fills the sector before. */
export const PAGE = 4096;
/** From the data of a block to that of the next. */
export const STRIDE: number = alignUp(BITMAP + BLOCK, PAGE);
