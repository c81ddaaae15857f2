/** VMware's settings, as far as they refer to the package. */
import { parseHostResource } from "../../ovf/host-resource.js";
import { type AnyRule, defineRule } from "../rule.js";

const nvram = (value: string): { readonly moreItems: string } => ({
  moreItems: `<vmw:ExtraConfig ovf:required="false" vmw:key="nvram" vmw:value="${value}"/>`,
});

export const settingRules: readonly AnyRule[] = [
  defineRule({
    code: "ovf/setting-file-unknown",
    node: "ovf/hardware",
    spec: null,
    severity: "error",
    strict: "error",
    what: 'The setting {key} names the file "{file}", which References does not list.',
    why: "The standard says nothing of settings of a vendor. VMware's tool refuses a machine whose firmware variables, say, are a file that is not in the package.",
    fix: "Add a File with that ovf:id, or remove the setting.",
    examples: { invalid: [nvram("ovf:/file/other")], valid: [nvram("ovf:/file/file1"), nvram("vm.nvram")] },
    *check({ hardware }, { index }) {
      for (const { key, value, element } of hardware.settings) {
        const named = value.startsWith("ovf:/") ? parseHostResource(value) : null;
        if (named?.kind !== "file" || index.files.has(named.id)) continue;
        yield { values: { key, file: named.id }, element };
      }
    },
    mend: (_node, { element }) => (element === undefined ? [] : [{ edit: "xml", element, change: "remove" }]),
  }),
];
