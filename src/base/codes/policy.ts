import type { CodeTable } from "./codes.js";

/** Policies: `policy/...`. The setting that a finding is about is in `data.key`. */
export const policyCodes: CodeTable = {
  "policy/limit": {
    what: "Something is larger, or more, than a policy allows.",
    why: "The policy limits what a package may ask for: sizes, machines, processors, memory, disks, cards.",
    fix: "Ask for a smaller package, or change the policy.",
  },
  "policy/not-allowed": {
    what: "Something is not among what a policy lists as allowed.",
    why: "The policy names digests, formats, firmware, networks or producers; everything else falls short.",
    fix: "Ask for another package, or add it to the policy's list.",
  },
  "policy/forbidden": {
    what: "The package has something that a policy forbids.",
    why: "It reaches the host, weakens the guest, or tells everybody what only its owner should know.",
    fix: "Ask for a package without it, or change the policy.",
  },
  "policy/required": {
    what: "The package lacks something that a policy asks for: a manifest, a signature, a signer who is trusted.",
    why: "Without it nobody can tell who made the package, or whether it was changed.",
    fix: "Ask the vendor for it, or change the policy.",
  },
  "policy/invalid": {
    what: "The validator finds an error in the package, and a policy asks for none.",
    why: "The package breaks the standard, or a target would refuse it.",
    fix: "Look at it with `vmferry validate`; `vmferry fix` mends what has one right answer.",
  },
  "policy/refused": {
    kind: "untrusted",
    what: "A package was not used because a policy refuses it.",
    why: "`--policy` is a condition: nothing was written.",
    fix: "Look at all findings with `vmferry verify --policy FILE`.",
  },
};
