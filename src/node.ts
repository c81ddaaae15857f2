/** vmferry on Node.js: files, folders, threads, and results that appear in one commit. */
import { createNodeRuntime, type NodeRuntime } from "./runtime/node/runtime.js";

export { type EditOptions, openEditableFile } from "./runtime/node/editable-file.js";
export {
  type DestinationOptions,
  type NodeFileSet,
  openFolderSet,
  openSingleFileSet,
} from "./runtime/node/file-set.js";
export { openUrl, type UrlUse } from "./runtime/node/http/input.js";
export type { HttpCredentials, HttpOptions } from "./runtime/node/http/options.js";
export { type Environment, type HttpProxy, proxyFromEnvironment } from "./runtime/node/http/proxy.js";
export { type ClosableRemoteFiles, openRemoteFiles } from "./runtime/node/http/remote.js";
export { openHttpSource } from "./runtime/node/http/source.js";
export { openPath, type PathInput } from "./runtime/node/input.js";
export { createContext, type NodeContextOptions, type NodeRuntime } from "./runtime/node/runtime.js";
export type { S3Credentials, S3Options } from "./runtime/node/s3/options.js";
export { type AwsFiles, s3FromEnvironment } from "./runtime/node/s3/settings.js";

/**
 * A runtime with threads for the heavy work, started when they are first needed. Close it to end them.
 * @param options `workers`: threads; as many as processors by default
 */
export function createRuntime(options: { readonly workers?: number } = {}): NodeRuntime {
  return createNodeRuntime({ ...options, worker: new URL("./worker-node.js", import.meta.url) });
}
