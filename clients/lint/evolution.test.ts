import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { evolution, unreleased } from "./evolution.ts";
import { changelogFile, releasedSDL } from "./released.ts";
import { served } from "./served.ts";

test("the served contract keeps the promises of the last release", async () => {
  const released = releasedSDL();
  assert.ok(released, "release/schema.graphql is missing");
  const { problems, changes } = await evolution(released, served(), unreleased(readFileSync(changelogFile, "utf8")), new Date());
  for (const c of changes) console.log(`${c.criticality.level.toLowerCase()}: ${c.message}`);
  assert.deepEqual(problems, []);
});

test("a field that is taken out of the release is reported", async () => {
  const released = releasedSDL() ?? "";
  const without = released.replace(/\n\s+"""[^"]*"""\n\s+submittedAt: Time!/, "");
  assert.notEqual(without, released);
  const { problems } = await evolution(released, without, "", new Date());
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /^breaking: .*Essay\.submittedAt/);
});

const reason = (date: string) => `@deprecated(reason: "Use b. Removal: ${date}")`;
const today = new Date("2027-06-01");
const base = (rest: string, args = "") => `type Query { a${args}: Int ${rest} }`;

for (const [what, before, after, changelog, want] of [
  ["nothing", base("b: Int"), base("b: Int"), "", []],
  ["a new field", base(""), base("b: Int"), "", []],
  ["a field gone", base("b: Int"), base(""), "", [/^breaking: .*Query\.b/]],
  ["a field gone on its day", base(`b: Int ${reason("2027-06-01")}`), base(""), "", []],
  ["a field gone before its day", base(`b: Int ${reason("2027-06-02")}`), base(""), "", [/^breaking/]],
  ["a field gone whose deprecation has no date", base(`b: Int @deprecated(reason: "Old.")`), base(""), "", [/^breaking/]],
  ["a deprecated field that changes its type", base(`b: Int ${reason("2027-01-01")}`), base(`b: String ${reason("2027-01-01")}`), "", [/^breaking/]],
  ["a field that may be null now", base("b: Int!"), base("b: Int"), "", [/^breaking/]],
  ["a required argument", base("b: Int"), base("b: Int", "(x: Int!)"), "", [/^breaking/]],
  ["an argument gone on its day", base("b: Int", `(x: Int ${reason("2027-06-01")})`), base("b: Int"), "", []],
  ["a type gone with the field that led to it", `${base(`b: B ${reason("2027-06-01")}`)} type B { b: B c: C } type C { x: Int }`, base(""), "", []],
  ["a type gone that another field leads to", `${base(`b: B ${reason("2027-06-01")} c: B`)} type B { x: Int }`, base(""), "", [/'B' was removed/, /Query\.c/]],
  ["a new enum value", "enum E { A } type Query { e: E }", "enum E { A B } type Query { e: E }", "", [/^dangerous: .*`E\.B`/]],
  ["a new enum value that is told", "enum E { A } type Query { e: E }", "enum E { A B } type Query { e: E }", "- `E.B`: new.", []],
  ["a new deprecation in time", base("b: Int"), base(`b: Int ${reason("2027-08-30")}`), "", []],
  ["a new deprecation too late", base("b: Int"), base(`b: Int ${reason("2027-08-29")}`), "", [/^Query\.b is newly deprecated/]],
  ["a deprecation moved nearer", base(`b: Int ${reason("2028-01-01")}`), base(`b: Int ${reason("2027-06-01")}`), "", [/newly deprecated/]],
] as const) {
  test(what, async () => {
    const { problems } = await evolution(before, after, changelog, today);
    assert.equal(problems.length, want.length, problems.join("\n"));
    for (const pattern of want) assert.ok(problems.some((p) => pattern.test(p)), problems.join("\n"));
  });
}

test("the changelog is read up to the last release", () => {
  const text = "# Changelog\n\n## Unreleased\n\n- `A.b`\n\n## 0.1.0 (2026-11-24)\n\n- `C.d`\n";
  assert.match(unreleased(text), /A\.b/);
  assert.doesNotMatch(unreleased(text), /C\.d/);
  assert.match(unreleased("## Unreleased\n- `A.b`\n"), /A\.b/);
  assert.equal(unreleased("## 0.1.0\n"), "");
});
