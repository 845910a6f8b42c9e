// graphql-sse in distinct connections mode: a request of its own for every operation, and what happens when
// one breaks.
import { createClient } from "graphql-sse";
import * as documents from "@rubrica/codegen/documents";
import { type Transport, request, untilScored, untilSubmitted } from "@rubrica/codegen/steps";
import { type Expect, httpUrl, program, signedIn } from "@rubrica/support";

await program("graphql-sse", async (expect: Expect) => {
  const learner = createClient({ url: httpUrl(), headers: signedIn("LEARNER") });
  const overEvents: Transport = (r) => learner.iterate({ query: "", ...r });
  await untilScored(expect, overEvents, await untilSubmitted(expect, overEvents));

  const invalid = await learner.iterate({ query: "{ nothing }" }).next();
  expect.that("a document that is not valid is answered in an event", invalid.value?.errors?.length === 1, invalid);
  learner.dispose();

  // A connection that breaks: the client asks again. Variables are read then, as they are now.
  let connections = 0;
  let breakOff = (): void => undefined;
  const advisor = createClient({
    url: httpUrl(),
    headers: signedIn("ADVISOR"),
    retry: async () => undefined,
    fetchFn: async (url: string, init: RequestInit) => {
      connections++;
      const response = await fetch(url, init);
      const breakable = new TransformStream<Uint8Array, Uint8Array>({
        start: (controller) => {
          breakOff = () => controller.error(new Error("the line is dead"));
        },
      });
      return new Response(response.body!.pipeThrough(breakable), response);
    },
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
    breakOff();
  }
  expect.equal("a connection that broke is made again", connections, 2);
  expect.that("and the stream goes on with the present state", seqs[1]! >= seqs[0]!, seqs);
  advisor.dispose();
});
