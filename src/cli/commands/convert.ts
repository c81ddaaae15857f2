import { createHash } from "node:crypto";
import * as path from "node:path";
import type { Wishes } from "../../appliance/wish.js";
import { FerryError } from "../../base/errors.js";
import type { PlatformId, TargetId } from "../../base/ids.js";
import { version } from "../../base/version.js";
import type { ConversionPlan } from "../../operations/convert/conversion.js";
import { type OpenConversion, planConversion } from "../../operations/convert/convert.js";
import { planOvfConversion } from "../../operations/convert/ovf.js";
import type { OpenedSource } from "../../operations/opened.js";
import type { ProfileSection } from "../../operations/profile/profile.js";
import type { Signing } from "../../operations/sign/signing.js";
import { type FlavourId, flavours, type WrittenVersion } from "../../platforms/ovf/flavours.js";
import { platforms } from "../../platforms/platforms.js";
import { type NodeFileSet, openFolderSet, openSingleFileSet } from "../../runtime/node/file-set.js";
import type { Native } from "../../runtime/node/native.js";
import { targets } from "../../targets/targets.js";
import { accessOptions } from "../access-options.js";
import { type CommandDefinition, defineCommand } from "../command.js";
import { demandOptions, demandsOf } from "../demands.js";
import { showOrExecute } from "../execute.js";
import { exportOption, exportOptionsOf } from "../export-options.js";
import type { NamedPackage } from "../named.js";
import { choice, flag, json, text, wholeNumber, workOptions } from "../options.js";
import { openNamedSource } from "../packages.js";
import { loadProfile, profileFor, profileOption } from "../profile.js";
import { allowRemote, remoteOptions } from "../remote.js";
import { resultTime, type Session, withSession } from "../session.js";
import { signingOf, signingOptions } from "../signing.js";
import { placeOptions, placesOfFiles, type WishChoice, wishesOf, wishOptions } from "../wishes.js";

const written = platforms.all.filter((platform) => platform.exportConfig !== undefined).map((platform) => platform.id);
/** Those whose result is one file. */
const archived = platforms.all.filter(({ archive }) => archive !== undefined);
/** Words for `--to`: the platforms that are written, and the two shapes of an OVF package. */
export const wanted: readonly string[] = [...written, "ova", "ovf"];
const flavourNames = flavours.map((flavour) => flavour.id);
const ovfVersions: readonly WrittenVersion[] = ["1.0", "1.1", "2.0", "2.1"];

/** `vmferry convert SRC DEST --to TARGET`. */
export const convert: CommandDefinition = defineCommand({
  arguments: [
    {
      name: "SRC",
      what: "an .ova, an .ovf, a machine's configuration, a folder with one, or a disk; an http(s) or s3 URL of an .ova or .ovf; a machine on a platform, such as libvirt:///system/NAME",
      complete: "file",
    },
    { name: "DEST", what: "the folder (for ova and xenserver: the file) to write", complete: "file" },
  ],
  options: {
    to: choice("--to PLATFORM", "what to write", wanted),
    for: choice("--for TARGET", "a version of the platform (default: its newest)", targetNames()),
    ...wishOptions,
    profile: profileOption,
    ...placeOptions,
    flavour: choice("--flavour WHOM", "for ova and ovf: who is going to import it (default: vsphere)", flavourNames),
    ovfVersion: choice("--ovf-version VERSION", "for ova and ovf: the version of the standard", ovfVersions),
    option: exportOption,
    configuration: text("--configuration ID", "the deployment option to convert (default: the package's own)"),
    dryRun: flag("--dry-run", "show the plan and write nothing"),
    prove: flag("--prove", "read every disk back and compare it with its source"),
    ...demandOptions,
    resume: flag(
      "--resume",
      "go on where an interrupted run of the same command stopped; keep what is done if this one is",
    ),
    force: flag("--force", "replace files that exist"),
    ...signingOptions,
    level: wholeNumber("--level N", "deflate level of compressed disks, 1 to 9", 1, 9),
    json,
    allowRemote,
    ...remoteOptions,
    ...accessOptions,
    ...workOptions,
  },
  details: [
    "Plans first: which machine of the target, where each disk goes, what cannot be carried over. Every loss is named, in the plan and in REPORT.md beside the result. Nothing appears under its name before all of it is complete.",
    "The source's manifest and signature are checked beside the work; a package that was altered leaves no result, nor does one whose signer is not trusted where --trust, --system-trust or --signer names somebody. SOURCE_DATE_EPOCH sets the members' time of an .ova.",
    "--resume keeps what is done beside the destination when the run ends early, by whatever; the same command goes on from there, and reads and packs nothing twice that was made safe.",
    "A machine on a platform is powered off before: it is read where it is, and stays as it is. --user, --password and --thumbprint are for platforms that ask.",
    "--key or --sign-with signs an .ova, or a folder with --to ovf, as vmferry sign does.",
  ],
  examples: [
    "convert appliance.ova hyperv/ --to hyperv",
    "convert appliance.ova vm/ --to vmware --for workstation-17 --prove",
    "convert appliance.ova kvm/ --to libvirt --dry-run",
    "convert appliance.ova vm.xva --to xenserver --for xcp-ng-8.3",
    "convert vm/machine.vmx hyperv/ --to hyperv --map-network 'VM Network=Default Switch'",
    "convert vm/machine.vmx kvm/ --to libvirt --profile house.yaml",
    "convert libvirt:///system/web web.ova",
    "convert disk.qcow2 vm/ --to vmware --cpus 2 --memory 4GiB --firmware efi --os debian12",
  ],
  async run([source = "", destination = ""], options, cli) {
    const newest = options.for === null ? null : targets.get(options.for).platform;
    const to = options.to ?? newest ?? namedBy(destination);
    if (to === null) {
      throw new FerryError("cli/usage", "the destination does not tell what to write", {
        hint: `Say it with --to; one of: ${wanted.join(", ")}.`,
      });
    }
    const scratch = path.dirname(path.resolve(destination));
    const section = profileFor(await loadProfile(options.profile), { ...options, to });
    return withSession({ ...options, scratch, access: options }, cli, async (session) => {
      if (!options.dryRun) session.runtime.pool.start("shared", ...(options.integrity ? (["own"] as const) : []));
      const reading = readingFor(to, options);
      const how = { disks: "taken" as const, ...placesOfFiles(options, session), ...reading };
      const named = await openNamedSource(source, how, session);
      try {
        const demands = await demandsOf(named, options, session.ctx);
        const signing = await signingOf(options, session, cli);
        if (signing !== null && to !== "ova" && to !== "ovf") {
          throw new FerryError("cli/usage", `a result for ${to} is not signed: only OVF packages carry a signature`, {
            hint: "Leave out the options about signing, or write --to ova.",
          });
        }
        if (to !== "ova" && to !== "ovf" && (options.flavour !== null || options.ovfVersion !== null)) {
          throw new FerryError("cli/usage", `--flavour and --ovf-version are about OVF packages, not about ${to}`, {
            hint: "Leave them out, or write --to ova.",
          });
        }
        const request = {
          ...underProfile(options, section),
          ...{ to, destination, signing },
          ...reading,
        };
        const conversion = await planOf(named, request, session);
        try {
          const work = options.resume ? workOf([conversion.plan], source, options.level) : null;
          const open = () => openDestination(request, work, session.runtime.native);
          return await showOrExecute({ ...conversion, open, destination, demands, options }, session, cli);
        } finally {
          await conversion.close();
        }
      } finally {
        await named.close();
      }
    });
  },
});

/** What is proven is read a second time, and what is resumed may be; an archive is laid out before it is written. */
export function readingFor(
  to: string,
  { prove, resume }: { readonly prove: boolean; readonly resume?: boolean },
): Pick<Request, "reading"> {
  const whole = to === "ova" || to === "ovf" || archived.some(({ id }) => id === to);
  return prove || resume === true || whole ? {} : { reading: "once" };
}

/** What a command line says, and a profile where that says nothing. */
export function underProfile<O extends WishChoice & Pick<Request, "flavour" | "ovfVersion" | "option">>(
  options: O,
  section: ProfileSection | null,
): O & Pick<Request, "wishes"> {
  return {
    ...options,
    flavour: options.flavour ?? section?.flavour ?? null,
    ovfVersion: options.ovfVersion ?? section?.ovfVersion ?? null,
    option: [...(section?.options ?? []), ...options.option],
    wishes: wishesOf(options, section),
  };
}

/** What a destination's name says is to be written. */
export function namedBy(destination: string): string | null {
  if (/\.ova$/i.test(destination)) return "ova";
  return archived.find(({ archive }) => destination.toLowerCase().endsWith(`.${archive}`))?.id ?? null;
}

/** Versions of platforms that are written. */
export function targetNames(): readonly TargetId[] {
  return targets.all.filter((target) => written.includes(target.platform)).map((target) => target.id);
}

/** What planning needs of a command line. */
export interface Request {
  readonly to: string;
  readonly destination: string;
  readonly for: TargetId | null;
  readonly flavour: FlavourId | null;
  readonly ovfVersion: WrittenVersion | null;
  readonly configuration: string | null;
  readonly force: boolean;
  readonly level: number | null;
  readonly signing: Signing | null;
  readonly wishes: Wishes;
  readonly option: readonly (readonly [string, string])[];
  /** As of `ConvertOptions`. */
  readonly reading?: "once";
}

/** Plans what a command line asks for. */
export async function planOf(
  named: NamedPackage<OpenedSource>,
  request: Request,
  session: Session,
): Promise<OpenConversion> {
  const level = request.level === null ? {} : { level: request.level };
  const findings = session.findings;
  if (request.to === "ova" || request.to === "ovf") {
    exportOptionsOf(request.to, request.option);
    const archive = path.basename(request.destination);
    const modified = resultTime(session);
    const signing = request.signing === null ? {} : { signing: request.signing };
    const flavour = request.flavour === null ? {} : { flavour: request.flavour };
    const version = request.ovfVersion === null ? {} : { version: request.ovfVersion };
    const how = {
      kind: request.to,
      archive,
      modified,
      findings,
      wishes: request.wishes,
      ...(request.configuration === null ? {} : { choice: { configuration: request.configuration } }),
      ...flavour,
      ...version,
      ...level,
      ...signing,
    } as const;
    return planOvfConversion(named.opened, how, session.ctx);
  }
  return planConversion(
    named.opened,
    {
      platform: request.to as PlatformId,
      findings,
      wishes: request.wishes,
      archive: path.basename(request.destination),
      ...level,
      ...(request.reading === undefined ? {} : { reading: request.reading }),
      ...(request.for === null ? {} : { target: request.for }),
      ...(request.configuration === null ? {} : { choice: { configuration: request.configuration } }),
      exportOptions: {
        ...(platforms.get(request.to as PlatformId).namesFolder === true
          ? { folder: path.resolve(request.destination) }
          : {}),
        ...exportOptionsOf(request.to, request.option),
      },
    },
    session.ctx,
  );
}

/**
 * Tells one conversion from another: what goes on where another stopped must have the same plan, by the same version. Paths of sources are
 * compared with their sizes and times when their bytes are met.
 */
export function workOf(plans: readonly ConversionPlan[], source: string, level: number | null): string {
  const text = JSON.stringify({
    plans: plans.map(({ schema, files, steps, losses }) => ({ schema, files: [...files], steps, losses })),
    source: path.resolve(source),
    level,
    version,
  });
  return createHash("sha256").update(text).digest("hex");
}

/** Opens where a result goes. @param work tells what is gone on with; `null`: nothing is */
export function openDestination(
  { to, destination, force }: Pick<Request, "to" | "destination" | "force">,
  work: string | null,
  native: Native,
): Promise<NodeFileSet> {
  const isFile = to === "ova" || archived.some(({ id }) => id === to);
  if (work !== null && isFile) {
    throw new FerryError("cli/usage", "an archive cannot be gone on with: its members follow one another", {
      hint: "Write a folder with --to ovf --resume, then: vmferry pack FOLDER DEST.ova.",
    });
  }
  const resume = work === null ? {} : { resume: work };
  return (isFile ? openSingleFileSet : openFolderSet)(destination, { force, native, ...resume });
}
