// Operations made up from the schema get the same verdict from the API as from graphql-js, and the
// schema that introspection tells is the one that is served.
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema, validateSchema, type IntrospectionQuery } from "graphql";
import { exceptions, type Ours } from "./exceptions.ts";
import { judge, schemaOf } from "./judge.ts";
import { verdicts } from "./verdicts.ts";

const count = Number(process.env.ORACLE_COUNT ?? 10_000);
const seed = process.env.ORACLE_SEED ?? "1";

test("the same verdicts as graphql-js", async () => {
  const lines = verdicts(["-count", String(count), "-seed", seed]);
  const schema = schemaOf((await lines.next()).value.sdl);
  const seen = { accepted: 0, refused: 0, limited: 0 };
  const used = new Map<string, number>();
  const differences: string[] = [];
  for await (const ours of lines as AsyncGenerator<Ours>) {
    const refusal = ours.code === undefined || ours.code === "GRAPHQL_PARSE_FAILED" || ours.code === "GRAPHQL_VALIDATION_FAILED";
    if (!refusal) {
      assert.match(ours.code ?? "", /^(QUERY|DOCUMENT)_TOO_\w+$|^COST_LIMIT_EXCEEDED$|^PAGINATION_REQUIRED$/, ours.query);
      seen.limited++; // a limit of ours, on which graphql-js has no word
      continue;
    }
    seen[ours.accepted ? "accepted" : "refused"]++;
    const theirs = judge(schema, ours);
    if (ours.accepted === theirs.accepted) continue;
    const exception = exceptions.find((e) => e.applies(ours, theirs));
    if (exception) used.set(exception.reason, (used.get(exception.reason) ?? 0) + 1);
    else differences.push(JSON.stringify({ ours, theirs }));
  }
  console.log({ ...seen, exceptions: Object.fromEntries(used) });
  assert.deepEqual(differences, []);
  assert.equal(seen.accepted + seen.refused + seen.limited, count);
  // Nothing is proven by operations that are all good, all bad or all too large.
  assert.ok(seen.accepted > count / 4 && seen.refused > count / 3 && seen.limited < count / 20, JSON.stringify(seen));
});

test("introspection tells the served schema", async () => {
  const query = getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true });
  const lines = verdicts(["-introspect"], query);
  const { sdl } = (await lines.next()).value;
  const answer = (await lines.next()).value as { data: IntrospectionQuery; errors?: unknown };
  assert.equal(answer.errors, undefined);
  const told = buildClientSchema(answer.data);
  assert.deepEqual(validateSchema(told), []);
  assert.equal(printSchema(lexicographicSortSchema(told)), printSchema(lexicographicSortSchema(buildSchema(sdl))));
});
