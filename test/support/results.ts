/** One result of each kind with every field filled, for tests of renderers and schemas. Names are hostile where they can be. */
import type {
  CheckResult,
  CompareResult,
  ConvertResult,
  DiskResult,
  HashResult,
  InspectResult,
  MapResult,
  PlanResult,
  VerifyResult,
} from "../../src/report/results.js";

/** A package made by VirtualBox. */
export const inspectSample: InspectResult = {
  schema: "vmferry/inspect@1",
  package: {
    kind: "ova",
    name: "web.ova",
    size: 1213440,
    tar: "ustar",
    members: [
      { name: "web.ovf", size: 20652, role: "descriptor" },
      { name: "web-disk001.vmdk", size: 70144, role: "disk" },
    ],
  },
  descriptor: { name: "web.ovf", version: "2.0", producer: "VirtualBox" },
  manifest: { name: "web.mf", algorithms: ["sha256"], entries: 2 },
  certificate: { name: "web.cert", subject: "CN=Example", issuer: "CN=Example", notAfter: "2027-01-01T00:00:00Z" },
  appliance: {
    name: "web",
    machines: [
      {
        id: "web",
        name: "web",
        annotation: "Serves\u001b[31m pages\nand more",
        guestOs: {
          cim: 96,
          vmware: null,
          virtualbox: "Debian_64",
          description: null,
        },
        cpu: { count: 2, coresPerSocket: null },
        memoryBytes: 536870912,
        firmware: "efi",
        firmwareFrom: "vendor",
        hardwareTypes: ["virtualbox-2.2"],
        controllers: [{ id: "3", bus: "sata", model: "AHCI", index: 0 }],
        attachments: [
          { device: "disk", disk: "vmdisk1", file: null, controller: "3", slot: 1 },
          { device: "cdrom", disk: null, file: null, controller: null, slot: null },
        ],
        nics: [{ network: "NAT", model: "E1000", mac: "08:00:27:a1:b2:c3" }],
        transports: ["iso"],
      },
    ],
    networks: [{ name: "NAT", description: null }],
    disks: [
      {
        id: "vmdisk1",
        file: "web-disk001.vmdk",
        format: "vmdk",
        variant: "streamOptimized",
        capacityBytes: 8388608,
        parent: null,
      },
    ],
    products: [
      {
        class: null,
        instance: null,
        name: "Web",
        vendor: "Example Org",
        version: "1",
        fullVersion: null,
        machine: "web",
        properties: [
          {
            key: "hostname",
            type: "string",
            value: "web01",
            password: false,
            userConfigurable: true,
            label: "Host name",
            description: null,
            category: "Networking",
            qualifiers: null,
          },
          {
            key: "secret",
            type: "string",
            value: null,
            password: true,
            userConfigurable: true,
            label: null,
            description: null,
            category: null,
            qualifiers: null,
          },
        ],
      },
    ],
    eulas: [{ machine: "web", text: "First terms" }],
    deploymentOptions: [{ id: "small", label: "Small", default: true }],
    startup: [{ machine: "web", order: 1, startDelaySeconds: 30 }],
  },
  diagnostics: [
    {
      code: "ovf/example",
      severity: "warning",
      message: "the disk is smaller than declared",
      hint: "Check the descriptor.",
      spec: { spec: "DSP0243", version: "2.1.1", section: "9.1" },
      location: { at: "text", file: "web.ovf", line: 12, column: 5 },
      data: { declared: 9000000 },
    },
  ],
};

/** A package in which one file was altered and one is missing. */
export const verifySample: VerifyResult = {
  schema: "vmferry/verify@1",
  verdict: "altered",
  signed: "unsigned",
  signer: null,
  files: [
    { name: "web.ovf", algorithm: "sha256", expected: "aa".repeat(32), actual: "aa".repeat(32), ok: true },
    { name: "web-disk001.vmdk", algorithm: "sha1", expected: "bb".repeat(20), actual: "cc".repeat(20), ok: false },
    { name: "gone.iso", algorithm: "sha1", expected: "dd".repeat(20), actual: null, ok: false },
  ],
  policy: null,
  audit: null,
  diagnostics: [],
};

/** A VHDX of 8 GiB. */
export const diskSample: DiskResult = {
  schema: "vmferry/disk@1",
  format: "vhdx",
  variant: "dynamic",
  capacityBytes: 8589934592,
  allocatedBytes: 2147483648,
  fileBytes: 2151677952,
  blockBytes: 33554432,
  parent: null,
  identity: "6f1c0d9e-0000-4000-8000-000000000001",
  properties: { logicalSectorSize: 512 },
  diagnostics: [],
};

/** One disk transcoded, one file generated, one loss. */
export const planSample: PlanResult = {
  schema: "vmferry/plan@1",
  losses: [
    {
      code: "platform/example",
      severity: "info",
      message: "the floppy drive is dropped",
      hint: null,
      spec: null,
      location: null,
      data: null,
    },
  ],
  files: [
    { name: "web.vhdx", size: 12582912 },
    { name: "web.ps1", size: 2048 },
    { name: "web.vmdk", size: null },
  ],
  steps: [
    { action: "transcode", subject: "web-disk001.vmdk", detail: "vmdk streamOptimized to vhdx dynamic" },
    { action: "generate", subject: "web.ps1", detail: "creates the machine" },
    { action: "drop", subject: "floppy", detail: "generation 2 has none" },
  ],
};

/** The plan above, done and proven. */
export const convertSample: ConvertResult = {
  schema: "vmferry/convert@1",
  files: planSample.files.slice(0, 2),
  steps: planSample.steps,
  losses: planSample.losses,
  integrity: "intact",
  proof: [{ name: "web.vhdx", equal: true, comparedBytes: 8388608 }],
  codec: "libdeflate",
  threads: 2,
  diagnostics: [],
};

/** Two disks that differ in one byte. */
export const compareSample: CompareResult = {
  schema: "vmferry/compare@1",
  verdict: "different",
  a: { name: "a.vmdk", format: "vmdk", variant: "streamOptimized", capacityBytes: 8388608 },
  b: { name: "longer.raw", format: "raw", variant: "raw", capacityBytes: 8388608 },
  comparedBytes: 65536,
  firstDifference: 1025,
  diagnostics: [],
};

/** A digest of guest content. */
export const hashSample: HashResult = {
  schema: "vmferry/hash@1",
  name: "a.vmdk",
  algorithm: "sha256",
  digest: "ee".repeat(32),
  capacityBytes: 8388608,
  diagnostics: [],
};

/** A damaged delta over a sound base. */
export const checkSample: CheckResult = {
  schema: "vmferry/check@1",
  file: "delta.qcow2",
  format: "qcow2",
  variant: "uncompressed",
  verdict: "damaged",
  counts: { "example/bad": 1, "example/leak": 120 },
  diagnostics: [
    {
      code: "example/bad",
      severity: "error",
      message: "cluster 7 is used twice",
      hint: "Go back to a backup.",
      spec: null,
      location: { at: "bytes", file: "delta.qcow2", offset: 512 },
      data: null,
    },
    {
      code: "example/leak",
      severity: "warning",
      message: "cluster 9 is used by nothing",
      hint: null,
      spec: null,
      location: null,
      data: { clusters: 1 },
    },
  ],
  parents: [
    { file: "base.raw", format: "raw", variant: "raw", verdict: "unchecked", counts: {}, diagnostics: [] },
    { file: "lower.vmdk", format: "vmdk", variant: null, verdict: "sound", counts: {}, diagnostics: [] },
  ],
};

/** A small delta. */
export const mapSample: MapResult = {
  schema: "vmferry/map@1",
  file: "delta.qcow2",
  format: "qcow2",
  variant: "uncompressed",
  capacityBytes: 1048576,
  extents: [
    { offset: 0, length: 65536, kind: "data" },
    { offset: 65536, length: 65536, kind: "zero" },
    { offset: 131072, length: 917504, kind: "absent" },
  ],
  layout: null,
};
