// Apollo Client 4: a query with the normalised cache, a list page by page, a mutation with user errors, and a
// subscription over graphql-ws that updates the cache.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { relayStylePagination } from "@apollo/client/utilities";
import { createClient } from "graphql-ws";
import { filter, firstValueFrom, from } from "rxjs";
import { readFragment } from "@rubrica/codegen";
import * as documents from "@rubrica/codegen/documents";
import { type Expect, checkPages, checkStates, essay, httpUrl, program, signedIn, track, webSocketUrl } from "@rubrica/support";

await program("apollo", async (expect: Expect) => {
  const socket = createClient({ url: webSocketUrl(), connectionParams: signedIn("LEARNER") });
  const client = new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      new HttpLink({ uri: httpUrl(), headers: signedIn("LEARNER") }),
    ),
    cache: new InMemoryCache({
      typePolicies: { Query: { fields: { credentials: relayStylePagination(["filter", "orderBy"]) } } },
    }),
  });

  // A query.
  const opened = await client.query({ query: documents.LearnerTrackDocument, variables: { slug: track } });
  const questions = opened.data?.track?.questions?.edges.map((e) => e.node) ?? [];
  expect.that(`the track has ${questions.length} questions`, questions.length > 0, opened.data);
  const question = questions[0]!;

  // The cache knows an object by its id, whichever query brought it.
  const cached = client.cache.readFragment({
    fragment: documents.HomeTrackFragmentDoc,
    from: { __typename: "Track", id: opened.data!.track!.id },
  });
  expect.equal("the cache finds the track by its id", cached?.slug, track);

  // A list, page by page.
  let pages = 1;
  const list = client.watchQuery({ query: documents.CatalogueDocument, variables: { first: 100 } });
  const watching = list.subscribe(() => undefined);
  let page = (await firstValueFrom(from(list).pipe(filter((result) => !result.loading)))).data?.credentials;
  while (page?.pageInfo?.hasNextPage) {
    const next = await list.fetchMore({ variables: { after: page.pageInfo.endCursor ?? null } });
    page = next.data?.credentials;
    pages++;
  }
  const all = client.readQuery({ query: documents.CatalogueDocument, variables: { first: 100 } })?.credentials;
  watching.unsubscribe();
  checkPages(expect, all?.edges.map((e) => e.node.id) ?? [], pages, all?.totalCount ?? 0);

  // A mutation that is refused in words for the user.
  const refused = await client.mutate({
    mutation: documents.SubmitEssayDocument,
    variables: { input: { questionId: question.id, text: "   " } },
  });
  const payload = refused.data?.essaySubmit;
  const errors = payload?.userErrors.map((e) => readFragment(documents.SubmitUserErrorFragmentDoc, e)) ?? [];
  expect.equal("an empty essay is refused", errors.map(({ code, field }) => ({ code, field })), [{ code: "EMPTY", field: ["input", "text"] }]);
  expect.that("no essay comes with it", payload?.essay === null && payload.run === null, payload);

  // One that is carried out.
  const submitted = await client.mutate({
    mutation: documents.SubmitEssayDocument,
    variables: { input: { questionId: question.id, text: essay(), idempotencyKey: crypto.randomUUID() } },
  });
  const id = submitted.data?.essaySubmit?.essay?.id;
  expect.that("an essay is accepted", id !== undefined, submitted.data);

  // A subscription to the end.
  const states: { seq: number; stage: string }[] = [];
  let run = "";
  await new Promise<void>((complete, error) => {
    client.subscribe({ query: documents.SubmitProgressDocument, variables: { essay: id } }).subscribe({
      next: ({ data, error: failure }) => {
        if (failure) return error(failure);
        if (!data?.essayProgress) return error(new Error("a state is missing"));
        states.push(data.essayProgress);
        run = data.essayProgress.run.id;
      },
      error,
      complete,
    });
  });
  checkStates(expect, states);
  const row = client.cache.readFragment({ fragment: documents.SubmitRunFragmentDoc, from: { __typename: "ScoringRun", id: run } });
  expect.equal("the subscription has brought the cached run up to date", row?.stage, "COMPLETED");

  // The result page, through the masks of its fragments.
  const result = await client.query({ query: documents.LearnerResultDocument, variables: { essay: id } });
  const scored = result.data?.essay?.latestRun;
  const overall = readFragment(documents.ResultOverallFragmentDoc, scored)?.overall;
  const scores = (scored?.scores ?? []).map((s) => readFragment(documents.ResultScoreFragmentDoc, s));
  expect.that("the result page has scores", overall != null && scores.length > 0, scored);
  const sums = scores.map((s) => {
    const reasons = readFragment(documents.ResultExplanationFragmentDoc, s.explanation);
    return (reasons?.base ?? Number.NaN) + (reasons?.contributions ?? []).reduce((sum, c) => sum + c.points, 0) - s.value;
  });
  expect.that("base plus contributions is each score", sums.every((difference) => Math.abs(difference) < 1e-6), sums);

  client.stop();
  await socket.dispose();
});
