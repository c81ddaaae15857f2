/**
 * vmferry as a library: everything that runs anywhere. Files, threads and codecs of Node.js come from `vmferry/node`,
 * the tables of formats, platforms and targets from `vmferry/defaults`.
 */
export type {
  Appliance,
  Attachment,
  Controller,
  Disk,
  FileAsset,
  GuestOs,
  Machine,
  Network,
  Nic,
  Product,
  Property,
} from "./appliance/appliance.js";
export type { MachineWishes, ProfileWishes } from "./appliance/wish.js";
export { noWishes, type Wishes } from "./appliance/wish.js";
export type { DiskWish } from "./appliance/wished-disks.js";
export type { Diagnostic, DiagnosticCode, Location, Severity, SpecRef } from "./base/diagnostics.js";
export { describeLocation } from "./base/diagnostics.js";
export { type ErrorKind, FerryError } from "./base/errors.js";
export type {
  Bus,
  DiskFormatId,
  Firmware,
  HashName,
  JsonValue,
  PackageKind,
  PlatformId,
  TargetId,
} from "./base/ids.js";
export { defaultLimits, type Limits } from "./base/limits.js";
export type { DiskInfo, Extent, LayoutPart, VirtualDisk } from "./disk/model.js";
export { listPartitions, type Partition } from "./disk/partitions.js";
export { readGuest } from "./disk/read.js";
export type { Context, EditableFile, ProgressScope, Runtime } from "./io/context.js";
export type { FileSet } from "./io/file-set.js";
export type { FolderAccess } from "./io/folder.js";
export { folderResolver, noResolver } from "./io/resolver.js";
export type { ByteSource, ChunkSet, SourceResolver } from "./io/source.js";
export { memorySource } from "./io/sources/memory.js";
export type { ByteTarget } from "./io/target.js";
export { parseAnswers, renderAnswers, revealSecrets } from "./operations/answers.js";
export { parseBaseline, toBaseline } from "./operations/baseline.js";
export { executeBuild } from "./operations/build/execute.js";
export { type OpenedSpec, type OpenSpecOptions, openSpec, type SpecInput } from "./operations/build/open.js";
export {
  type BuildOptions,
  type OpenBuild,
  planBuild,
  type WantedOutput,
  wantedOutput,
} from "./operations/build/plan.js";
export { parseConfig, type ValidateConfig } from "./operations/config.js";
export type { ConversionOutcome, ConversionPlan, ExecuteOptions } from "./operations/convert/conversion.js";
export { type ConvertOptions, type OpenConversion, planConversion } from "./operations/convert/convert.js";
export { planOvfConversion } from "./operations/convert/ovf.js";
export type { ConvertOvfOptions } from "./operations/convert/ovf-write.js";
export { type DiffPackagesOptions, type DiffSource, diffPackages } from "./operations/diff/packages.js";
export { type AmendMode, diskFix, diskResize, type EditableDisk, type NewCapacity } from "./operations/disk/amend.js";
export { type DiskCheckOptions, diskCheck } from "./operations/disk/check.js";
export {
  type DiskConvertOptions,
  type DiskSource,
  diskCompare,
  diskHash,
  diskInfo,
  openDiskSource,
  openPackageDisk,
  planDiskConversion,
} from "./operations/disk/disk.js";
export { type DiskMap, type DiskMapOptions, diskMap } from "./operations/disk/map.js";
export { type EditPlan, type PackageEditOptions, planEdit } from "./operations/edit/edit.js";
export { type EditPatch, readEditPatch } from "./operations/edit/patch.js";
export type { EditDestination } from "./operations/edit/work.js";
export { allCodes, explain, explainCode } from "./operations/explain.js";
export { fingerprintsOf } from "./operations/fingerprint.js";
export { type FixDestination, type FixOptions, type FixPlan, fixResult, planFix } from "./operations/fix/fix.js";
export { type InspectOptions, inspectPackage } from "./operations/inspect.js";
export { type OpenedPackage, type OpenOptions, openPackage, type PackageInput } from "./operations/open.js";
export type { OpenedSource, OpenSourceOptions } from "./operations/opened.js";
export { type PackOptions, planPack } from "./operations/pack.js";
export { type Profile, type ProfileSection, parseProfile, sectionFor } from "./operations/profile/profile.js";
export { answerPackage, propertiesResult } from "./operations/properties.js";
export { planSign, type SignDestination, type SignOptions, type SignPlan } from "./operations/sign/sign.js";
export type { Signing } from "./operations/sign/signing.js";
export { openSource } from "./operations/source.js";
export { planUnpack } from "./operations/unpack.js";
export { type Validated, type ValidatedFile, type ValidateOptions, validateInput } from "./operations/validate.js";
export { type GivenSum, type VerifyOptions, verifyPackage } from "./operations/verify.js";
export { readXva, xvaDisk } from "./operations/xva.js";
export { writeXva, type XvaContent } from "./operations/xva-write.js";
export type { AnsweredMachine, GivenAnswer, GivenAnswers, Question, ResolvedAnswers } from "./ovf/answers/answers.js";
export { type ResolveOptions, resolveAnswers } from "./ovf/answers/resolve.js";
export {
  type DeploymentChoice,
  type OvfDeployment,
  type ResolvedProperty,
  resolveOvf,
} from "./ovf/deployment.js";
export type { OvfDialect } from "./ovf/dialect.js";
export { type OvfDocument, openOvf } from "./ovf/document.js";
export { type EnvironmentDocument, openEnvironment } from "./ovf/environment.js";
export { checkEnvironment } from "./ovf/environment-check.js";
export {
  type EnvironmentModel,
  environmentOf,
  type PlatformFacts,
  renderEnvironment,
} from "./ovf/environment-write.js";
export type { MessageFiles } from "./ovf/messages.js";
export type { OvfFlavour } from "./ovf/producer.js";
export type { PackageEntry, PackageReader } from "./package/model.js";
export { isXva, type XvaDisk } from "./package/xva/chunks.js";
export { renderHtml } from "./report/html.js";
export type * from "./report/results.js";
export { renderSarif } from "./report/sarif.js";
export { renderValidateMarkdown } from "./report/validate-markdown.js";
export type { ReportedFile, ReportedFinding, SourceLine, ValidateReport } from "./report/validate-report.js";
export { parseXml } from "./xml/parse.js";
export type { XmlDocument, XmlElement } from "./xml/tree.js";
