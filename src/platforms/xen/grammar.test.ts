import assert from "node:assert/strict";
import { test } from "node:test";
import { FerryError } from "../../base/errors.js";
import { parseDiskSpec } from "./disk-spec.js";
import { parseXl } from "./grammar.js";

const values = (text: string): unknown => Object.fromEntries([...parseXl(text).settings].map(([k, v]) => [k, v.value]));

test("settings are strings in either quotes, numbers, and lists in lists", () => {
  assert.deepEqual(values("a=1\nb = 'it\\'s'\nc=\"x # y\" # comment\nd=[1, 'two', [3, 4],]\ne=0x10; f=\"\"\n\n"), {
    a: "1",
    b: "it's",
    c: "x # y",
    d: ["1", "two", ["3", "4"]],
    e: "0x10",
    f: "",
  });
  assert.deepEqual(values('a = "x"\na += "y"\nl = [1]\nl += [2]\nl += "3"\nn += "new"'), {
    a: "xy",
    l: ["1", "2", "3"],
    n: "new",
  });
});

test("a list goes on over lines and comments, a string does not, unless a backslash says so", () => {
  assert.deepEqual(values("d = [ 'a', # first\n  'b',\n]\nx=1"), { d: ["a", "b"], x: "1" });
  assert.deepEqual(parseXl("a='x\ny'\nb=1").strange, [1, 2]);
  assert.deepEqual(values("a = \\\n 'x'"), { a: "x" });
});

test("what Python has and xl has not is read as far as it is a value", () => {
  assert.deepEqual(values(`a = """x'",y"""\nb = '''l\nm'''\nc = 'x' "y"\nd=""""q""""`), {
    a: `x'",y`,
    b: "l\nm",
    c: "xy",
    d: '"q"',
  });
  const program =
    "import os\narch = os.uname()[4]\nif arch:\n  kernel = '/a'\nelse:\n  kernel = '/b'\nname = 'n'\nm = 2 * 3";
  const { settings, strange } = parseXl(program);
  assert.deepEqual([...settings.keys()], ["name"]);
  assert.deepEqual(strange, [1, 2, 3, 4, 5, 6, 8]);
});

test("escapes are those of strings in C", () => {
  assert.deepEqual(values(String.raw`a = "\t\n\\\"\x41\101\q"`), { a: '\t\n\\"AA\\q' });
});

test("a setting knows its line and column, and the last of one name counts", () => {
  const { settings } = parseXl("\n\n  a = 1; b = 2\na = 3\n");
  assert.deepEqual(settings.get("b"), { value: "2", line: 3, column: 10 });
  assert.deepEqual(settings.get("a"), { value: "3", line: 4, column: 1 });
});

test("large nonsense takes no time", () => {
  for (const text of [
    " ".repeat(4e6),
    "a=1;".repeat(1e6),
    "a+=[1]\n".repeat(5e5),
    "\n".repeat(4e6),
    "[".repeat(1e6),
    "a=[".repeat(1e6),
    '"""'.repeat(1e6),
    `a="${"x".repeat(8e6)}"`,
    `!${":#".repeat(1e6)}\u2028x\n`,
    `${" ".repeat(1e6)}${"a=1;".repeat(9e4)}`,
  ]) {
    const start = performance.now();
    try {
      parseXl(text);
    } catch (error) {
      assert.ok(error instanceof FerryError && error.code === "config/unreadable");
    }
    assert.ok(performance.now() - start < 5000, text.slice(0, 8));
  }
  assert.throws(() => parseXl("a=1;".repeat(1e6)), FerryError);
});

test("disks are read in every way that they are written", () => {
  const short = (text: string): string => {
    const disk = parseDiskSpec(text);
    if (disk === null) return "none";
    return `${disk.target} ${disk.format} ${disk.vdev} ${disk.readOnly ? "r" : "w"}${disk.cdrom ? " cdrom" : ""}${disk.device ? " device" : ""}`;
  };
  for (const [text, wanted] of [
    ["/dev/vg/a,,hda", "/dev/vg/a raw hda w device"],
    ["/i/a.img,raw,hda,rw", "/i/a.img raw hda w"],
    ["format=raw, vdev=hda, access=rw, target=/i/a,b.img", "/i/a,b.img raw hda w"],
    ["raw:/i/a,hda,w", "/i/a raw hda w"],
    ["phy:vg/a,xvda,r", "vg/a raw xvda r device"],
    ["tap:qcow2:/i/a,xvda,w", "/i/a qcow2 xvda w"],
    ["/i/x.iso,,hdc,cdrom", "/i/x.iso raw hdc r cdrom"],
    ["/i/x.iso,,hdc,,cdrom", "/i/x.iso raw hdc r cdrom"],
    ["/i/x.iso,raw,hdc,devtype=cdrom", "/i/x.iso raw hdc r cdrom"],
    ["file:/i/x.iso,hdc:cdrom,ro", "/i/x.iso raw hdc r cdrom"],
    [",hdc:cdrom,r", " raw hdc r cdrom"],
    [",,hdc,cdrom", " raw hdc r cdrom"],
    ["/i/a.vhd,vhd,xvdb,w,backendtype=qdisk,discard", "/i/a.vhd vhd xvdb w"],
    ["/i/a.img", "none"],
    ["", "none"],
  ] as const) {
    assert.equal(short(text), wanted, text);
  }
  assert.deepEqual(parseDiskSpec("/i/a.img,raw,hda,w,script=block-x,backendtype=phy")?.rest, ["script=block-x"]);
});
