// urql: a query with the normalised cache that knows the schema, a list page by page, a mutation with user
// errors, and a subscription over graphql-sse that updates the cache.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { createClient } from "graphql-sse";
import { readFragment } from "@rubrica/codegen";
import * as documents from "@rubrica/codegen/documents";
import { type Expect, checkPages, checkStates, essay, httpUrl, introspection, program, signedIn, track } from "@rubrica/support";

await program("urql", async (expect: Expect) => {
  const events = createClient({ url: httpUrl(), headers: signedIn("LEARNER") });
  const client = new Client({
    url: httpUrl(),
    preferGetMethod: false,
    fetchOptions: { headers: signedIn("LEARNER") },
    exchanges: [
      // With the schema, the cache knows what may be null and which types are nodes; those without an id are
      // kept within their parents.
      cacheExchange({
        schema: introspection(),
        keys: withoutId(),
        resolvers: { Query: { credentials: relayPagination() } },
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables, operationName }) => ({
          subscribe: (sink) => ({
            unsubscribe: events.subscribe(
              { query: query ?? "", variables: variables as Record<string, unknown>, operationName },
              { next: (result) => sink.next(result as never), error: (e) => sink.error(e), complete: () => sink.complete() },
            ),
          }),
        }),
      }),
    ],
  });

  const opened = await client.query(documents.LearnerTrackDocument, { slug: track });
  const question = opened.data?.track?.questions?.edges[0]?.node;
  expect.that("a query finds the track's question", question !== undefined, opened.error?.message);

  let pages = 0;
  let after: string | null | undefined;
  do {
    const { data, error } = await client.query(documents.CatalogueDocument, { first: 100, after }, { requestPolicy: "network-only" });
    if (!data?.credentials) throw error ?? new Error("the catalogue is missing");
    after = data.credentials.pageInfo.hasNextPage ? data.credentials.pageInfo.endCursor : null;
    pages++;
  } while (after);
  const all = client.readQuery(documents.CatalogueDocument, { first: 100 })?.data?.credentials;
  checkPages(expect, all?.edges.map((e) => e.node.id) ?? [], pages, all?.totalCount ?? 0);

  const refused = await client.mutation(documents.SubmitEssayDocument, { input: { questionId: question.id, text: "\n" } });
  const errors = refused.data?.essaySubmit?.userErrors.map((e) => readFragment(documents.SubmitUserErrorFragmentDoc, e)) ?? [];
  expect.equal("an empty essay is refused", errors.map(({ code, field }) => ({ code, field })), [{ code: "EMPTY", field: ["input", "text"] }]);

  const submitted = await client.mutation(documents.SubmitEssayDocument, {
    input: { questionId: question.id, text: essay(), idempotencyKey: crypto.randomUUID() },
  });
  const id = submitted.data?.essaySubmit?.essay?.id;
  expect.that("an essay is accepted", id !== undefined, submitted.error?.message);
  await client.query(documents.LearnerHomeDocument, {}, { requestPolicy: "network-only" });

  const states: { seq: number; stage: string }[] = [];
  await new Promise<void>((complete, fail) => {
    const watching = client.subscription(documents.SubmitProgressDocument, { essay: id }).subscribe(({ data, error }) => {
      if (error) return fail(error);
      states.push(data!.essayProgress!);
      if (data!.essayProgress!.stage === "COMPLETED" || data!.essayProgress!.stage === "FAILED") {
        watching.unsubscribe();
        complete();
      }
    });
  });
  checkStates(expect, states);

  const home = client.readQuery(documents.LearnerHomeDocument, {})?.data;
  const rows = readFragment(documents.HomeEssaysFragmentDoc, home?.essays)?.edges ?? [];
  const row = rows.map((e) => readFragment(documents.HomeEssayFragmentDoc, e.node)).find((e) => e.id === id);
  expect.equal("the subscription has brought the cached list up to date", row?.latestRun?.stage, "COMPLETED");
  expect.that("with its score", typeof row?.latestRun?.overall?.percent === "number", row);
  events.dispose();
});

/** Types that are parts of others and have no id: graphcache asks to be told. */
function withoutId(): Record<string, () => null> {
  const keys: Record<string, () => null> = {};
  for (const type of introspection().__schema.types) {
    if (type.kind === "OBJECT" && !type.fields.some((f) => f.name === "id")) keys[type.name] = () => null;
  }
  return keys;
}
