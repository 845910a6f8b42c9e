// graphql-ws alone: every operation over one WebSocket, and what happens when the socket breaks.
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import * as documents from "@rubrica/codegen/documents";
import { type Transport, request, untilScored, untilSubmitted } from "@rubrica/codegen/steps";
import { type Expect, program, signedIn, webSocketUrl } from "@rubrica/support";

await program("graphql-ws", async (expect: Expect) => {
  const learner = createClient({ url: webSocketUrl(), webSocketImpl: WebSocket, connectionParams: signedIn("LEARNER") });
  const overSocket: Transport = (r) => learner.iterate({ query: "", ...r });
  await untilScored(expect, overSocket, await untilSubmitted(expect, overSocket));

  const invalid = await learner.iterate({ query: "{ nothing }" }).next().then(
    () => undefined,
    (errors: unknown) => errors,
  );
  expect.that("a document that is not valid ends in an error", Array.isArray(invalid) && invalid.length === 1, invalid);
  await learner.dispose();

  // A socket that breaks: the client connects again and sends the request anew. Variables are read then,
  // so that the server leaves out what was already seen.
  let connected = 0;
  const advisor = createClient({
    url: webSocketUrl(),
    webSocketImpl: WebSocket,
    connectionParams: signedIn("ADVISOR"),
    retryWait: async () => undefined,
    on: { connected: () => connected++ },
  });
  const seqs: number[] = [];
  const variables = {
    scope: { everything: true },
    // One less, so that the present state comes again although nothing has happened.
    get afterSeq() {
      return seqs.length === 0 ? null : seqs.at(-1)! - 1;
    },
  };
  for await (const { data } of advisor.iterate<documents.LiveActivitySubscription>({
    query: "",
    ...request(documents.LiveActivityDocument, { scope: { everything: true } }),
    variables,
  })) {
    seqs.push(data!.scoringActivity!.seq);
    if (seqs.length === 2) break;
    advisor.terminate();
  }
  expect.equal("a socket that broke is opened again", connected, 2);
  expect.that("and the stream goes on with the present state", seqs[1]! >= seqs[0]!, seqs);
  await advisor.dispose();

  const stranger = createClient({
    url: webSocketUrl(),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: "Bearer nonsense" },
    retryAttempts: 0,
  });
  const refusal = await stranger.iterate({ query: "{ __typename }" }).next().then(
    () => undefined,
    (event: unknown) => (event as { code?: number }).code,
  );
  expect.equal("a token that is not valid closes the socket with 4403", refusal, 4403);
  await stranger.dispose();
});
