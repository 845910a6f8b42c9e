// Relay 21 without a view: a query, a list that loads more through @connection, a mutation with user errors,
// a subscription that updates the store, and a fragment that is fetched again by its node's id.
import {
  type ReaderFragment,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getPaginationMetadata,
  getPaginationVariables,
  getRefetchMetadata,
  getSingularSelector,
  requestSubscription,
} from "relay-runtime";
import { type Expect, checkPages, checkStates, essay, program, track, trusted } from "@rubrica/support";
import CatalogueQuery from "./__generated__/CatalogueQuery.graphql.ts";
import catalogueList, { type Catalogue_list$data } from "./__generated__/Catalogue_list.graphql.ts";
import progress, { type EssayProgressSubscription } from "./__generated__/EssayProgressSubscription.graphql.ts";
import questionQuery, { type EssayQuestionQuery } from "./__generated__/EssayQuestionQuery.graphql.ts";
import submit, { type EssaySubmitMutation } from "./__generated__/EssaySubmitMutation.graphql.ts";
import essayResult, { type Essay_result$data } from "./__generated__/Essay_result.graphql.ts";
import { close, environment } from "./environment.ts";

/** Reads a fragment from the store, as useFragment does. */
function read<T>(fragment: ReaderFragment, parent: unknown): T {
  return environment.lookup(getSingularSelector(fragment, parent)!).data as T;
}

/** Loads the list to its end, as usePaginationFragment's loadNext does; returns how many pages it took. */
async function loadAll(parent: unknown, count: number): Promise<number> {
  const { paginationRequest, paginationMetadata } = getPaginationMetadata(catalogueList, "Catalogue");
  const { variables, owner } = getSingularSelector(catalogueList, parent)!;
  for (let pages = 1; ; pages++) {
    const { pageInfo } = read<Catalogue_list$data>(catalogueList, parent).credentials!;
    if (!pageInfo.hasNextPage) return pages;
    const base = { ...owner.variables, ...variables };
    const next = getPaginationVariables("forward", count, pageInfo.endCursor, base, {}, paginationMetadata);
    await fetchQuery(environment, paginationRequest, next).toPromise();
  }
}

const submitEssay = (input: EssaySubmitMutation["variables"]["input"]): Promise<EssaySubmitMutation["response"]> =>
  new Promise((onCompleted, onError) => {
    commitMutation<EssaySubmitMutation>(environment, {
      mutation: submit,
      variables: { input },
      onCompleted: (response, errors) => (errors?.length ? onError(new Error(JSON.stringify(errors))) : onCompleted(response)),
      onError,
    });
  });

await program(trusted() ? "relay, trusted documents" : "relay", async (expect: Expect) => {
  const opened = await fetchQuery<EssayQuestionQuery>(environment, questionQuery, { track }).toPromise();
  const question = opened?.track?.questions?.edges[0]?.node;
  expect.that("a query finds the track's question", question !== undefined, opened);

  const catalogue = createOperationDescriptor(CatalogueQuery, { count: 100 });
  environment.retain(catalogue);
  await fetchQuery(environment, CatalogueQuery, { count: 100 }).toPromise();
  const root = environment.lookup(catalogue.fragment).data;
  const pages = await loadAll(root, 100);
  const { credentials } = read<Catalogue_list$data>(catalogueList, root);
  checkPages(expect, credentials!.edges.map((e) => e.node.id), pages, credentials!.totalCount);

  const refused = (await submitEssay({ questionId: question.id, text: " " })).essaySubmit;
  expect.equal("an empty essay is refused", refused?.userErrors.map(({ code, field }) => ({ code, field })), [
    { code: "EMPTY", field: ["input", "text"] },
  ]);
  const submitted = (await submitEssay({ questionId: question.id, text: essay(), idempotencyKey: crypto.randomUUID() })).essaySubmit;
  expect.that("an essay is accepted", submitted?.essay != null, submitted);
  const { id, latestRun } = read<Essay_result$data>(essayResult, submitted.essay);
  // It may have ended meanwhile: the answer is as new as its reading.
  expect.that("its run is there", latestRun != null && (latestRun.overall === null) === (latestRun.scores?.length === 0), latestRun);

  const states: { seq: number; stage: string }[] = [];
  await new Promise<void>((onCompleted, onError) => {
    requestSubscription<EssayProgressSubscription>(environment, {
      subscription: progress,
      variables: { essay: id },
      onNext: (data) => states.push(data!.essayProgress!),
      onCompleted,
      onError,
    });
  });
  checkStates(expect, states);
  expect.equal("the store has the run's new stage", read<Essay_result$data>(essayResult, submitted.essay).latestRun?.stage, "COMPLETED");

  const { refetchableRequest } = getRefetchMetadata(essayResult, "Essay");
  await fetchQuery(environment, refetchableRequest, { id }).toPromise();
  const { latestRun: scored } = read<Essay_result$data>(essayResult, submitted.essay);
  expect.that("the fragment, fetched again by its node's id, has scores", scored?.overall != null && (scored.scores?.length ?? 0) > 0, scored);
  await close();
});
