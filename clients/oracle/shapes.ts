// Answers of the running server have the shape that graphql-js gives them: its executor takes each answer
// for the data behind the resolvers, and must come to the same text: keys in their order, nulls where
// they may stand, lists, enums and numbers as the schema has them.
import { buildSchema, execute, Kind, parse, print, visit, type DocumentNode } from "graphql";
import { type Expect, httpUrl, program, signedIn } from "@rubrica/support";
import type { Operation } from "./judge.ts";
import { verdicts } from "./verdicts.ts";

const count = 300;

type Answer = { data?: any; errors?: { message: string; extensions?: { code?: string } }[] };

async function ask(body: Operation): Promise<Answer> {
  const response = await fetch(httpUrl(), {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", ...signedIn("ADMIN") },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Answer;
}

/** Asks for the type of every object, by a name that nothing else has. */
const typed = (document: DocumentNode): DocumentNode =>
  visit(document, {
    SelectionSet: (node, _key, parent) =>
      parent && "kind" in parent && parent.kind === Kind.OPERATION_DEFINITION
        ? undefined
        : { ...node, selections: [...node.selections, { kind: Kind.FIELD, alias: { kind: Kind.NAME, value: "type__" }, name: { kind: Kind.NAME, value: "__typename" } }] },
  });

await program("oracle", async (expect: Expect) => {
  const lists = ["tracks", "essays", "credentials", "cohorts", "users"];
  const { data } = await ask({ query: `{ ${lists.map((l) => `${l}(first: 5) { edges { node { id } } }`).join(" ")}
    tracks20: tracks(first: 20) { edges { node { slug questions(first: 2) { edges { node { id } } } } } }
    essays20: essays(first: 20) { edges { node { latestRun { id scores { id explanation { id } } } } } } }` });
  const nodes = (list: any): any[] => list.edges.map((e: any) => e.node);
  const runs = nodes(data.essays20).map((e) => e.latestRun).filter(Boolean);
  const of = (list: string): string[] => nodes(data[list]).map((n) => n.id);
  const ids = [
    ...lists.flatMap(of), ...runs.map((r) => r.id), ...runs.flatMap((r) => (r.scores ?? []).flatMap((s: any) => [s.id, s.explanation?.id])),
    ...nodes(data.tracks20).flatMap((t) => nodes(t.questions).map((q) => q.id)),
  ].filter(Boolean);
  const values = { ID: ids, slug: nodes(data.tracks20).map((t) => t.slug), essayId: of("essays"), cohortId: of("cohorts"), trackId: of("tracks"), learnerId: of("users") };

  const lines: any[] = [];
  for await (const line of verdicts(["-queries", "-count", String(count)], JSON.stringify(values))) lines.push(line);
  const [{ sdl }, ...operations] = lines;
  const schema = buildSchema(sdl);
  let [compared, failed, objects] = [0, 0, 0];
  for (const op of operations as Operation[]) {
    // graphql-js answers these itself. test.ts compares the whole schema; gqlgen has [] for the lists that
    // a type of another kind does not have, where the specification has null.
    if (/__schema\b|__type\b/.test(op.query)) continue;
    const document = typed(parse(op.query));
    const answer = await ask({ ...op, query: print(document) });
    if (!answer.data) {
      failed++; // refused as a whole, such as for its cost
      continue;
    }
    const again = await execute({
      schema, document, rootValue: answer.data, operationName: op.operationName || undefined, variableValues: op.variables ?? {},
      fieldResolver: (source, _args, _context, info) => source[info.path.key],
      typeResolver: (value: any) => value.type__,
    });
    const [got, want] = [JSON.stringify(answer.data), JSON.stringify(again.data)];
    if (got !== want) expect.equal(`the shape of ${op.query} ${JSON.stringify(op.variables)}`, got, want);
    objects += got.split('"type__":').length - 1;
    compared++;
  }
  expect.that(`${compared} answers with ${objects} objects have the shape that graphql-js gives`, compared > count / 2 && objects > count, { compared, failed, objects });
});
