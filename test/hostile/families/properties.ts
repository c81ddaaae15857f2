import type { HostileCase, HostileFamily, Outcome } from "../case.js";
import { changed, described, packed } from "../make.js";

/** The value of the property `size`, as descriptors refer to it. */
const SIZE = "$\u007bsize}";

/** The good package with a product that has these properties. */
const product = (properties: string) =>
  packed(() =>
    described(
      changed(
        "</VirtualHardwareSection>",
        `</VirtualHardwareSection><ProductSection><Info>p</Info><Product>p</Product>${properties}</ProductSection>`,
      ),
    ),
  );
const property = (attributes: string, more = "") => product(`<Property ovf:key="k" ${attributes}>${more}</Property>`);

/** A property, its code, and how bad `validate` finds it. */
type Row = readonly [tries: string, attributes: string, code: HostileCase["code"], outcome: Outcome];

const rows: readonly Row[] = [
  ["a value that breaks its own type", 'ovf:type="uint8" ovf:value="256"', "ovf/property-value-invalid", 0],
  ["a negative value of an unsigned type", 'ovf:type="uint32" ovf:value="-1"', "ovf/property-value-invalid", 0],
  [
    "a number too large for any type",
    `ovf:type="uint64" ovf:value="${"9".repeat(10_000)}"`,
    "ovf/property-value-invalid",
    0,
  ],
  ["a real number that is infinite", 'ovf:type="real64" ovf:value="1e999"', "ovf/property-value-invalid", 0],
  ["a truth value that is neither", 'ovf:type="boolean" ovf:value="maybe"', "ovf/property-value-invalid", 0],
  ["a type that nobody knows", 'ovf:type="shell" ovf:value="$(id)"', "ovf/property-type-unknown", 1],
  ["a property without a type", 'ovf:value="x"', "ovf/property-type-missing", 0],
  [
    "a value longer than its own limit",
    'ovf:type="string" ovf:qualifiers="MaxLen(3)" ovf:value="abcd"',
    "ovf/property-value-invalid",
    0,
  ],
  [
    "a value shorter than its own limit",
    'ovf:type="string" ovf:qualifiers="MinLen(3)" ovf:value="a"',
    "ovf/property-value-invalid",
    0,
  ],
  [
    "a value that is not in its own list",
    `ovf:type="string" ovf:qualifiers="ValueMap{&quot;a&quot;,&quot;b&quot;}" ovf:value="c"`,
    "ovf/property-value-invalid",
    0,
  ],
  [
    "a least length above the most",
    'ovf:type="string" ovf:qualifiers="MinLen(9),MaxLen(3)"',
    "ovf/property-lengths",
    0,
  ],
  [
    "a length of 30 digits",
    `ovf:type="string" ovf:qualifiers="MinLen(${"9".repeat(30)})" ovf:value="x"`,
    "ovf/property-value-invalid",
    0,
  ],
  ["a negative length", 'ovf:type="string" ovf:qualifiers="MaxLen(-1)" ovf:value="x"', "ovf/property-value-invalid", 0],
  [
    "qualifiers that never close",
    `ovf:type="string" ovf:qualifiers="${"MaxLen(".repeat(10_000)}"`,
    "ovf/property-qualifiers-unreadable",
    0,
  ],
  [
    "a list of 50,000 values with one missing quote",
    `ovf:type="string" ovf:qualifiers="ValueMap{${"&quot;a&quot;,".repeat(50_000)}&quot;}"`,
    "ovf/property-qualifiers-unreadable",
    0,
  ],
  [
    "backslashes without end in a list",
    `ovf:type="string" ovf:qualifiers="ValueMap{&quot;${"\\".repeat(50_001)}&quot;}"`,
    "ovf/property-qualifiers-unreadable",
    0,
  ],
  [
    "a password in the package",
    'ovf:type="string" ovf:password="true" ovf:value="secret"',
    "ovf/property-password-value",
    0,
  ],
  [
    "a password whose kind is not said clearly",
    'ovf:type="string" ovf:password="yes" ovf:value="secret"',
    "ovf/property-password-value",
    0,
  ],
];

/** What packages ask, and what they answer themselves. */
export const propertiesFamily: HostileFamily = {
  title: "Properties",
  cases: [
    ...rows.map(
      ([tries, attributes, code, outcome]): HostileCase => ({
        tries,
        code,
        lay: property(attributes),
        runs: { validate: outcome },
      }),
    ),
    {
      tries: "a list of values with one of twelve million letters, to use up the stack of a pattern",
      code: "ovf/property-value-invalid",
      lay: (place) => {
        const list = `ValueMap{&quot;${"a".repeat(12_000_000)}&quot;}`;
        return property(`ovf:type="string" ovf:qualifiers="${list}" ovf:value="b"`)(place);
      },
      runs: { validate: 0 },
    },
    {
      tries: "a property without a key",
      code: "ovf/property-key-missing",
      lay: product('<Property ovf:type="string"/>'),
      runs: { validate: 1 },
    },
    {
      tries: "two properties with one key, of which guests take either",
      code: "ovf/property-key-repeated",
      lay: product(
        '<Property ovf:key="k" ovf:type="string" ovf:value="1"/><Property ovf:key="k" ovf:type="string" ovf:value="2"/>',
      ),
      runs: { validate: 1 },
    },
    {
      tries: "a key that would be several",
      code: "ovf/property-key-invalid",
      lay: product('<Property ovf:key="a.b:c" ovf:type="string"/>'),
      runs: { "validate --strict": 1 },
    },
    {
      tries: "two default values of one property",
      code: "ovf/property-value-repeated",
      lay: property(
        'ovf:type="string"',
        '<Value ovf:value="a" ovf:configuration="c"/><Value ovf:value="b" ovf:configuration="c"/>',
      ),
      runs: { validate: 0 },
    },
    {
      tries: "a capacity that is the value of a property which is not there",
      code: "ovf/disk-capacity-property-unknown",
      lay: packed(() => described(changed('ovf:fileRef="file0" ovf:capacity="8"', `ovf:capacity="${SIZE}"`))),
      runs: { validate: 1 },
    },
    {
      tries: "a capacity that is the value of itself",
      code: "ovf/bad-capacity",
      lay: packed(() =>
        described(
          changed(
            "</VirtualHardwareSection>",
            `</VirtualHardwareSection><ProductSection><Info>p</Info><Property ovf:key="size" ovf:type="string" ovf:value="${SIZE}"/></ProductSection>`,
            changed('ovf:fileRef="file0" ovf:capacity="8"', `ovf:capacity="${SIZE}"`),
          ),
        ),
      ),
      runs: { inspect: 1 },
    },
  ],
};
