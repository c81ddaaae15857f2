/**
 * fast-check as tests use it. `VMFERRY_SEED` makes a run the same each time: CI sets it, so that a landing is judged by its change and not by luck. Without
 * it each run looks elsewhere, and what fails prints the seed that repeats it.
 */
import fc from "fast-check";

const seed = Number(process.env.VMFERRY_SEED ?? "");
if (Number.isSafeInteger(seed) && seed !== 0) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

export { fc };
