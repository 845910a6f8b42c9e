// The way of an essay with the generated documents, over whatever carries them: the programs of the plain
// transports share it.
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { type DocumentNode, type FormattedExecutionResult, print } from "graphql";
import { type Expect, checkPages, checkStates, essay, track, trusted } from "@rubrica/support";
import * as documents from "./generated/graphql.ts";
import { readFragment } from "./generated/index.ts";

/** What a transport is asked to carry: a document, as text or by its id in persisted-documents.json. */
export type Request = { variables: Record<string, unknown> } & ({ query: string; operationName: string } | { documentId: string });

/** Carries a request; a query and a mutation have one result. */
export type Transport = (request: Request) => AsyncIterable<FormattedExecutionResult<unknown, unknown>>;

/** A request for a generated document. */
export function request<V extends Record<string, unknown>>(document: TypedDocumentNode<unknown, V>, variables: V): Request {
  if (!trusted()) return { query: print(document), operationName: operationName(document), variables };
  const { __meta__ } = document as { __meta__?: { hash: string } };
  if (!__meta__) throw new Error(`${operationName(document)} was generated without its hash`);
  return { documentId: __meta__.hash, variables };
}

function operationName(document: DocumentNode): string {
  for (const d of document.definitions) {
    if (d.kind === "OperationDefinition" && d.name) return d.name.value;
  }
  throw new Error("a document without a named operation");
}

/** The results of an operation, typed; an error of the response is thrown. */
export async function* stream<T, V extends Record<string, unknown>>(
  transport: Transport,
  document: TypedDocumentNode<T, V>,
  variables: V,
): AsyncGenerator<T> {
  for await (const { data, errors } of transport(request(document, variables))) {
    if (errors?.length) throw new Error(errors.map((e) => `${e.extensions?.code}: ${e.message}`).join("\n"));
    yield data as T;
  }
}

/** The one result of a query or a mutation. */
export async function once<T, V extends Record<string, unknown>>(
  transport: Transport,
  document: TypedDocumentNode<T, V>,
  variables: V,
): Promise<T> {
  for await (const data of stream(transport, document, variables)) return data;
  throw new Error(`${operationName(document)} ended without a result`);
}

/** A query, a list page by page, a mutation with user errors, and one that is carried out. Returns the essay's id. */
export async function untilSubmitted(expect: Expect, transport: Transport): Promise<string> {
  const opened = await once(transport, documents.LearnerTrackDocument, { slug: track });
  const question = opened.track?.questions?.edges[0]?.node;
  expect.that("a query finds the track's questions", question !== undefined, opened);

  const ids: string[] = [];
  let pages = 0;
  let after: string | null = null;
  let total = 0;
  do {
    const page: documents.CatalogueQuery = await once(transport, documents.CatalogueDocument, { first: 100, after });
    if (!page.credentials) throw new Error("the catalogue is missing");
    ids.push(...page.credentials.edges.map((e) => e.node.id));
    total = page.credentials.totalCount;
    after = page.credentials.pageInfo.hasNextPage ? page.credentials.pageInfo.endCursor : null;
    pages++;
  } while (after !== null);
  checkPages(expect, ids, pages, total);

  const refused = await once(transport, documents.SubmitEssayDocument, { input: { questionId: question.id, text: "" } });
  const errors = refused.essaySubmit?.userErrors.map((e) => readFragment(documents.SubmitUserErrorFragmentDoc, e)) ?? [];
  expect.equal("an empty essay is refused", errors.map(({ code, field }) => ({ code, field })), [{ code: "EMPTY", field: ["input", "text"] }]);

  const input = { questionId: question.id, text: essay(), idempotencyKey: crypto.randomUUID() };
  const submitted = (await once(transport, documents.SubmitEssayDocument, { input })).essaySubmit;
  const again = (await once(transport, documents.SubmitEssayDocument, { input })).essaySubmit;
  expect.that("an essay is accepted", submitted?.essay != null && !submitted.replayed, submitted);
  expect.that("the same key answers with the same essay", again?.replayed === true && again.essay?.id === submitted.essay.id, again);
  return submitted.essay.id;
}

/** A subscription to an essay's end, and then the result page. */
export async function untilScored(expect: Expect, transport: Transport, id: string): Promise<void> {
  const states: { seq: number; stage: string }[] = [];
  for await (const { essayProgress } of stream(transport, documents.SubmitProgressDocument, { essay: id })) {
    if (!essayProgress) throw new Error("a state is missing");
    states.push(essayProgress);
  }
  checkStates(expect, states);
  await checkResult(expect, transport, id);

  const before = states.at(-2)?.seq ?? 0;
  const resumed: number[] = [];
  for await (const { essayProgress } of stream(transport, documents.SubmitProgressDocument, { essay: id, afterSeq: before })) {
    resumed.push(essayProgress!.seq);
  }
  expect.equal("a stream that goes on from a state brings only what came later", resumed, [states.at(-1)!.seq]);
}

/** The result page, read through the masks of its fragments. */
async function checkResult(expect: Expect, transport: Transport, id: string): Promise<void> {
  const { essay: page } = await once(transport, documents.LearnerResultDocument, { essay: id });
  const scores = (page?.latestRun?.scores ?? []).map((s) => readFragment(documents.ResultScoreFragmentDoc, s));
  expect.that("the result page has scores", scores.length > 0, page?.latestRun);
  const text = page!.text;
  const evidence = scores.flatMap((s) => readFragment(documents.ResultExplanationFragmentDoc, s.explanation)?.evidence ?? []);
  const quotes = evidence.map((e) => readFragment(documents.ResultEvidenceFragmentDoc, e));
  const apart = quotes.filter((e) => text.slice(e.utf16.start, e.utf16.end) !== e.quote);
  expect.that(`${quotes.length} quotes stand in the text where they say`, quotes.length > 0 && apart.length === 0, apart);
}
