import { isLocalName, isQualifiedName } from "../../xml/characters.js";
import { isUriReference } from "./uri.js";

/** A type that XML Schema itself defines (XML Schema 1.0, part 2). */
export interface BuiltinType {
  readonly name: string;
  /** `null` for `anySimpleType`, from which all others come. */
  readonly base: string | null;
  /** Space as it stands, each of it a blank, or runs of it one blank and none at the ends. */
  readonly space: "preserve" | "replace" | "collapse";
  /** Whether a value, its space normalized, is one of the type. */
  accepts(value: string): boolean;
  /** What it takes, in words. */
  readonly words: string;
  /** Values are whole numbers, which facets compare as such. */
  readonly whole: boolean;
  /** Every text is a value. */
  readonly free: boolean;
}

const NM_TOKEN = /^[\p{L}\p{M}\p{N}._:\u00b7-]+$/u;
/** With as many colons as one likes. */
const isName = (value: string): boolean => isLocalName(value.replaceAll(":", "_"));
const INTEGER = /^[+-]?\d+$/;
const DIGITS = /^\d+$/;
const FLOAT = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?INF|NaN)$/;
const ZONE = "(?:Z|[+-](?:(?:0\\d|1[0-3]):[0-5]\\d|14:00))?";
const TIME = "(?:(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?|24:00:00(?:\\.0+)?)";
const DATE = /^-?(?:[1-9]\d{4,}|\d{4})-(\d\d)-(\d\d)/;
const DURATION = /^-?P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/;

const matching =
  (pattern: RegExp) =>
  (value: string): boolean =>
    pattern.test(value);

/** The digits of a whole number without sign and leading zeros, and its sign. */
function parts(number: string): { readonly negative: boolean; readonly digits: string } {
  const digits = number.replace(/^[+-]?0*/, "");
  return { negative: number.startsWith("-") && digits !== "", digits };
}

/** Compares whole numbers of any size: negative, 0 or positive. */
export function compareWhole(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  if (left.negative !== right.negative) return left.negative ? -1 : 1;
  const size =
    left.digits.length - right.digits.length || (left.digits < right.digits ? -1 : left.digits > right.digits ? 1 : 0);
  return left.negative ? -size : size;
}

function between(least: string | null, most: string | null, pattern: RegExp): (value: string) => boolean {
  return (value) =>
    pattern.test(value) &&
    (least === null || compareWhole(value, least) >= 0) &&
    (most === null || compareWhole(value, most) <= 0);
}

function isDate(value: string): boolean {
  const match = DATE.exec(value);
  if (match === null || /^-?0000/.test(value)) return false;
  const year = Number(value.slice(0, value.indexOf("-", 1)).slice(-4));
  const month = Number(match[1]);
  const day = Number(match[2]);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

function dated(behind: string): (value: string) => boolean {
  const rest = new RegExp(`^${behind}${ZONE}$`);
  return (value) => isDate(value) && rest.test(value.slice(DATE.exec(value)?.[0].length ?? 0));
}

const list =
  (accepts: (item: string) => boolean) =>
  (value: string): boolean =>
    value !== "" && value.split(" ").every(accepts);

const always = (): boolean => true;

/** Limits that nobody reads as numbers. */
const WORDS: Readonly<Record<string, string>> = {
  long: "a whole number of at most 63 bits",
  unsignedLong: "a whole number from 0 to 2^64 - 1",
};

function text(
  name: string,
  base: string | null,
  words: string,
  accepts: (value: string) => boolean,
  space: BuiltinType["space"] = "collapse",
): BuiltinType {
  return { name, base, space, words, accepts, whole: false, free: accepts === always };
}

function whole(name: string, base: string, least: string | null, most: string | null, pattern: RegExp): BuiltinType {
  const range =
    least === null
      ? most === null
        ? ""
        : ` up to ${most}`
      : most === null
        ? ` from ${least} on`
        : ` from ${least} to ${most}`;
  const accepts = between(least, most, pattern);
  return {
    name,
    base,
    space: "collapse",
    words: WORDS[name] ?? `a whole number${range}`,
    accepts,
    whole: true,
    free: false,
  };
}

const TYPES: readonly BuiltinType[] = [
  text("anySimpleType", null, "any text", always, "preserve"),
  text("string", "anySimpleType", "any text", always, "preserve"),
  text("normalizedString", "string", "any text", always, "replace"),
  text("token", "normalizedString", "any text", always),
  text("language", "token", "a language such as en-US", matching(/^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,40}$/)),
  text("NMTOKEN", "token", "a name token", matching(NM_TOKEN)),
  text("NMTOKENS", "anySimpleType", "name tokens", list(matching(NM_TOKEN))),
  text("Name", "token", "a name", isName),
  text("NCName", "Name", "a name without a colon", isLocalName),
  text("ID", "NCName", "a name without a colon, which nothing else in the document has", isLocalName),
  text("IDREF", "NCName", "a name without a colon", isLocalName),
  text("IDREFS", "anySimpleType", "names without a colon", list(isLocalName)),
  text("ENTITY", "NCName", "the name of an entity", () => false),
  text("ENTITIES", "anySimpleType", "names of entities", () => false),
  text("QName", "anySimpleType", "a qualified name", isQualifiedName),
  text("NOTATION", "anySimpleType", "the name of a notation", () => false),
  text("anyURI", "anySimpleType", "a URI", isUriReference),
  text("boolean", "anySimpleType", "true or false", matching(/^(?:true|false|0|1)$/)),
  text("hexBinary", "anySimpleType", "pairs of hexadecimal digits", matching(/^(?:[0-9A-Fa-f]{2})*$/)),
  text("base64Binary", "anySimpleType", "base64", isBase64),
  text("float", "anySimpleType", "a number", matching(FLOAT)),
  text("double", "anySimpleType", "a number", matching(FLOAT)),
  text("decimal", "anySimpleType", "a decimal number", matching(/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/)),
  text("duration", "anySimpleType", "a duration such as PT30S", matching(DURATION)),
  text("dateTime", "anySimpleType", "a date and time such as 2010-01-31T12:00:00Z", dated(`T${TIME}`)),
  text("date", "anySimpleType", "a date such as 2010-01-31", dated("")),
  text("time", "anySimpleType", "a time such as 12:00:00", matching(new RegExp(`^${TIME}${ZONE}$`))),
  text("gYear", "anySimpleType", "a year", matching(new RegExp(`^-?(?:[1-9]\\d{4,}|\\d{4})${ZONE}$`))),
  text(
    "gYearMonth",
    "anySimpleType",
    "a year and month",
    matching(new RegExp(`^-?(?:[1-9]\\d{4,}|\\d{4})-(?:0[1-9]|1[0-2])${ZONE}$`)),
  ),
  text("gMonth", "anySimpleType", "a month such as --01", matching(new RegExp(`^--(?:0[1-9]|1[0-2])${ZONE}$`))),
  text(
    "gMonthDay",
    "anySimpleType",
    "a day of the year such as --01-31",
    matching(new RegExp(`^--(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])${ZONE}$`)),
  ),
  text(
    "gDay",
    "anySimpleType",
    "a day of the month such as ---31",
    matching(new RegExp(`^---(?:0[1-9]|[12]\\d|3[01])${ZONE}$`)),
  ),
  whole("integer", "decimal", null, null, INTEGER),
  whole("nonPositiveInteger", "integer", null, "0", INTEGER),
  whole("negativeInteger", "nonPositiveInteger", null, "-1", INTEGER),
  whole("nonNegativeInteger", "integer", "0", null, INTEGER),
  whole("positiveInteger", "nonNegativeInteger", "1", null, INTEGER),
  whole("long", "integer", "-9223372036854775808", "9223372036854775807", INTEGER),
  whole("int", "long", "-2147483648", "2147483647", INTEGER),
  whole("short", "int", "-32768", "32767", INTEGER),
  whole("byte", "short", "-128", "127", INTEGER),
  // These have no sign at all, not even a plus.
  whole("unsignedLong", "nonNegativeInteger", "0", "18446744073709551615", DIGITS),
  whole("unsignedInt", "unsignedLong", "0", "4294967295", DIGITS),
  whole("unsignedShort", "unsignedInt", "0", "65535", DIGITS),
  whole("unsignedByte", "unsignedShort", "0", "255", DIGITS),
];

const BY_NAME: ReadonlyMap<string, BuiltinType> = new Map(TYPES.map((type) => [type.name, type]));

/** A built-in simple type by its local name. */
export function builtinType(name: string): BuiltinType | undefined {
  return BY_NAME.get(name);
}

/** Base64 in groups of four digits, the last one padded, its unused bits zero. */
function isBase64(value: string): boolean {
  const digits = value.replaceAll(" ", "");
  if (digits.length % 4 !== 0 || /[^A-Za-z0-9+/=]/.test(digits)) return false;
  const padding = digits.indexOf("=");
  return padding < 0 || /^(?:[AQgw]==|[AEIMQUYcgkosw048]=)$/.test(digits.slice(padding - 1));
}

/** A value with its space as a type wants it. */
export function normalizeSpace(value: string, space: BuiltinType["space"]): string {
  if (space === "preserve") return value;
  const replaced = value.replace(/[\t\n\r]/g, " ");
  return space === "replace" ? replaced : replaced.replace(/ {2,}/g, " ").replace(/^ | $/g, "");
}
