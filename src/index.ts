/** vmferry as a library: everything that runs anywhere. The Node parts are in `vmferry/node`. */
export * from "./base/diagnostics.js";
export * from "./base/errors.js";
export * from "./base/ids.js";
