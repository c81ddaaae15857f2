import type { CodeTable } from "./codes.js";

/** The OVF environment inside of a guest: `vmferry env`. */
export const envCodes: CodeTable = {
  "env/not-found": {
    kind: "not-found",
    what: "The guest has no OVF environment.",
    why: "No volume, no tool of the platform and no seed holds one, or this user may not read them.",
    fix: "Run it as root. Else look at what the package asks (`vmferry properties`): a package without questions tells its machines nothing.",
  },
  "env/no-property": {
    kind: "not-found",
    what: "The OVF environment has no property of that key.",
    why: "Keys are those that guests see: class, key and instance with dots between them. Properties that are not configurable may be left out.",
    fix: "Look at the keys with `vmferry env`.",
  },
  "env/same-name": {
    what: "Two properties have the same name in a shell.",
    why: "Names of a shell have letters, digits and underscores: `a.b` and `a-b` are the same one.",
    fix: "Ask for the value by its key: `vmferry env --get KEY`.",
  },
};
