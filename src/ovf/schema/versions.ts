import type { XmlElement } from "../../xml/tree.js";
import { OVF_1, OVF_2 } from "../namespaces.js";
import type { SchemaModule } from "./notation.js";
import { Schema } from "./schema.js";
import { cimCommon, xmlAttributes } from "./tables/common.js";
import { envelope100, envelope110, envelope111 } from "./tables/envelope-1.js";
import { envelope201 } from "./tables/envelope-2.js";
import { environment110 } from "./tables/environment.js";
import { rasd100, rasd110, rasd111, rasd201, vssd100, vssd110, vssd111, vssd201 } from "./tables/hardware.js";
import { bootConfig201, bootSource201, epasd201, sasd201 } from "./tables/hardware-2.js";
import { xenc, xenc11, xmldsig } from "./tables/security.js";

/** The schemas that documents are held to: DSP8023 by its version, DSP8027 1.1.0 for environments. */
export type SchemaVersion = "1.0.0" | "1.1.0" | "1.1.1" | "2.0.1" | "environment-1.1.0";

/** What each version is made of. */
export const SCHEMA_MODULES: Readonly<Record<SchemaVersion, readonly SchemaModule[]>> = {
  "1.0.0": [envelope100, vssd100, rasd100, cimCommon, xmlAttributes],
  "1.1.0": [envelope110, vssd110, rasd110, cimCommon, xmlAttributes],
  "1.1.1": [envelope111, vssd111, rasd111, cimCommon, xmlAttributes],
  "2.0.1": [
    envelope201,
    ...[vssd201, rasd201, sasd201, epasd201, bootConfig201, bootSource201],
    ...[cimCommon, xmlAttributes, xmldsig, xenc, xenc11],
  ],
  "environment-1.1.0": [environment110, cimCommon],
};

/** The namespace of OVF environments (DSP8027 1.x). */
const ENVIRONMENT_1 = "http://schemas.dmtf.org/ovf/environment/1";

/** The schemas of a version. */
export function schemaOf(version: SchemaVersion): Schema {
  return new Schema(SCHEMA_MODULES[version]);
}

/**
 * The newest schema for the namespace of a root element; `null` for namespaces that the standard does not have: those of OVF 0.9 and
 * of oVirt. DSP8023 1.1.1 takes nearly all that 1.0.0 and 1.1.0 take, and `ovf:version` does not tell them apart reliably.
 */
export function schemaVersionOf(root: XmlElement): SchemaVersion | null {
  switch (root.namespace) {
    case OVF_1:
      return "1.1.1";
    case OVF_2:
      return "2.0.1";
    case ENVIRONMENT_1:
      return "environment-1.1.0";
    default:
      return null;
  }
}
