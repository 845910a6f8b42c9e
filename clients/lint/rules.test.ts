// The rules find what they are there for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildSchema, printSchema } from "graphql";
import { findings } from "./findings.ts";

const good = `
"What can be read." type Query { "A thing." thing("Its id." id: ID!): Thing "Where it lies." where: PageInfo }
"What can be changed." type Mutation { "Makes a thing." thingMake("The thing." input: ThingMakeInput!): ThingMakePayload }
"A thing to make." input ThingMakeInput { "Its name." name: String! }
"The thing that was made." type ThingMakePayload { "The thing." thing: Thing }
"Where a page lies." type PageInfo { "More behind." hasNextPage: Boolean! "More before." hasPreviousPage: Boolean! "First." startCursor: String "Last." endCursor: String }
"A thing." type Thing { "Its id." id: ID! "Its name." name: String @deprecated(reason: "Use title. Removal: 2030-01-31") "Its title." title: String }
`;

const printed = (sdl: string) => printSchema(buildSchema(sdl));

test("a contract that is as it should be", async () => {
  assert.deepEqual(await findings(printed(good)), []);
});

for (const [what, broken, rule] of [
  ["a field without a description", good.replace('"A thing." thing(', "thing("), "require-description"],
  ["an argument without a description", good.replace('"Its id." id: ID!)', "id: ID!)"), "require-description"],
  ["a root field that is never null", good.replace("): Thing ", "): Thing! "), "require-nullable-result-in-root"],
  ["a mutation that answers with a scalar", good.replace(": ThingMakePayload", ": Boolean"), "no-scalar-result-type-on-mutation"],
  ["a mutation with loose arguments", good.replace("input: ThingMakeInput!", "name: ThingMakeInput!"), "input-name"],
  ["an input of another name", good.replaceAll("ThingMakeInput", "MakeInput"), "input-name"],
  ["a deprecation without a date", good.replace(" Removal: 2030-01-31", ""), "dated-deprecation"],
  ["a deprecation on no day of the calendar", good.replace("2030-01-31", "2030-13-31"), "dated-deprecation"],
  ["a type without an id", good.replace('"Its id." id: ID! "Its name."', '"Its name."'), "strict-id-in-types"],
] as const) {
  test(what, async () => {
    assert.notEqual(broken, good);
    const found = await findings(printed(broken));
    assert.ok(found.some((f) => f.includes(rule)), found.join("\n"));
  });
}
