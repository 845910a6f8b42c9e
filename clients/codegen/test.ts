// The generated client over fetch alone: HTTP as the specification has it, without a library.
import type { FormattedExecutionResult } from "graphql";
import { type Expect, type Role, httpUrl, program, signedIn } from "@rubrica/support";
import { AdminSystemDocument, LearnerHomeDocument } from "./generated/graphql.ts";
import { type Request, type Transport, once, untilSubmitted } from "./steps.ts";

async function send(body: Request, role: Role): Promise<Response> {
  return fetch(httpUrl(), {
    method: "POST",
    headers: { ...signedIn(role), "Content-Type": "application/json", Accept: "application/graphql-response+json" },
    body: JSON.stringify(body),
  });
}

const over = (role: Role): Transport =>
  async function* (request) {
    const response = await send(request, role);
    yield (await response.json()) as FormattedExecutionResult<unknown, unknown>;
  };

await program("fetch", async (expect: Expect) => {
  await untilSubmitted(expect, over("LEARNER"));
  const home = await once(over("LEARNER"), LearnerHomeDocument, {});
  expect.equal("the viewer is a learner", home.viewer?.role, "LEARNER");
  expect.that("the learner's own essays are listed", (home.essays?.totalCount ?? 0) > 0, home.essays);

  const { system } = await once(over("ADMIN"), AdminSystemDocument, {});
  expect.that("an admin sees the installation", (system?.index.chunks ?? 0) > 0, system);

  const response = await send({ query: "{ nothing }", variables: {}, operationName: "" }, "LEARNER");
  const { errors } = (await response.json()) as FormattedExecutionResult;
  expect.equal("a document that is not valid has the status 400", response.status, 400);
  expect.that("and a code", typeof errors?.[0]?.extensions?.code === "string", errors);
});
