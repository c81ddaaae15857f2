/** What people write for packages, and what is told of machines: answers, and the difference of a machine and itself. */
import { diffAppliances } from "../../src/appliance/diff.js";
import { FerryError } from "../../src/base/errors.js";
import { defaultLimits } from "../../src/base/limits.js";
import type { Context } from "../../src/io/context.js";
import { parseAnswers, renderAnswers } from "../../src/operations/answers.js";
import { resolveAnswers } from "../../src/ovf/answers/resolve.js";
import { openOvf } from "../../src/ovf/document.js";
import { readVmx } from "../../src/platforms/vmware/import.js";
import { parseXml } from "../../src/xml/parse.js";
import type { FuzzTarget } from "./target.js";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const OVF = "http://schemas.dmtf.org/ovf/envelope/2";
const PACKAGE = `<Envelope xmlns="${OVF}" xmlns:ovf="${OVF}"><VirtualSystem ovf:id="web"><Info/><ProductSection ovf:class="c"><Info/>
<Property ovf:key="name" ovf:type="string" ovf:userConfigurable="true" ovf:qualifiers="MinLen(1)"/>
<Property ovf:key="port" ovf:type="uint16" ovf:userConfigurable="true" ovf:value="80"/>
<Property ovf:key="secret" ovf:type="string" ovf:userConfigurable="true" ovf:password="true"/>
</ProductSection></VirtualSystem></Envelope>`;
const document = openOvf(parseXml(utf8(PACKAGE), "x.ovf", defaultLimits), () => {});

const answers: FuzzTarget = {
  name: "answers",
  seeds: async () =>
    [
      "properties:\n  name: web01\n  port: 8080\n  c.secret: env:NAME\nmachines:\n  web:\n    name: 'a b'\n",
      'locale: de-AT\nproperties: { name: "x\\n", port: 010, secret: "cmd:pass show x" }\n',
      "# nothing\nproperties:\nmachines: { web: { port: ~, name: | \n x } }\n",
    ].map(utf8),
  async run(bytes: Uint8Array, ctx: Context) {
    try {
      const given = parseAnswers(new TextDecoder().decode(bytes), "answers.yaml");
      const resolved = resolveAnswers(document, given, (finding) => ctx.report(finding));
      const errors: string[] = [];
      const again = parseAnswers(renderAnswers("x.ova", resolved), "again.yaml");
      resolveAnswers(document, again, ({ code }) => errors.push(code));
      // What was written fits, but for what has no answer.
      const wrong = errors.find((code) => code !== "answers/missing");
      if (wrong !== undefined) throw new Error(`answers that were written fall short: ${wrong}`);
    } catch (cause) {
      // A user wrote the file: that it is wrong blames the use.
      if (!(cause instanceof FerryError) || !/^(?:config|ovf\/unknown-configuration)/.test(cause.code)) throw cause;
    }
  },
};

const files = { find: (): undefined => undefined };

const diff: FuzzTarget = {
  name: "diff",
  seeds: async () =>
    [
      'displayName = "a"\nscsi0.present = "TRUE"\nscsi0:0.present = "TRUE"\nscsi0:0.fileName = "a.vmdk"\nethernet0.present = "TRUE"\nmemsize = "512"\n',
      'numvcpus = "4"\ncpuid.coresPerSocket = "2"\nide0:0.present = "TRUE"\nide0:0.deviceType = "cdrom-image"\nide0:0.fileName = "x.iso"\nethernet1.present = "1"\n',
    ].map(utf8),
  async run(bytes: Uint8Array) {
    const read = (text: Uint8Array) => readVmx({ name: "x", label: "x.vmx", bytes: text }).appliance(files, () => {});
    const half = bytes.subarray(0, bytes.length >> 1);
    for (const by of ["words", "meaning"] as const) {
      const [a, b] = [read(bytes), read(half)];
      if (diffAppliances(a, read(bytes), { by }).changes.length > 0) throw new Error("a machine differs from itself");
      const [one, other] = [diffAppliances(a, b, { by }).changes, diffAppliances(b, a, { by }).changes];
      if (one.length !== other.length) throw new Error("the other way round something else is told");
    }
  },
};

/** Answers of users, and differences of machines. */
export const authorTargets: readonly FuzzTarget[] = [answers, diff];
