// The generated client over fetch alone: HTTP as the specification has it, without a library.
import type { FormattedExecutionResult } from "graphql";
import { type Expect, type Role, httpUrl, program, signedIn, trusted } from "@rubrica/support";
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

/** A document that no manifest holds. */
const free = (query: string): Request => ({ query, variables: {}, operationName: "" });

await program(trusted() ? "fetch, trusted documents" : "fetch", async (expect: Expect) => {
  await untilSubmitted(expect, over("LEARNER"));
  const home = await once(over("LEARNER"), LearnerHomeDocument, {});
  expect.equal("the viewer is a learner", home.viewer?.role, "LEARNER");
  expect.that("the learner's own essays are listed", (home.essays?.totalCount ?? 0) > 0, home.essays);

  const { system } = await once(over("ADMIN"), AdminSystemDocument, {});
  expect.that("an admin sees the installation", (system?.index.chunks ?? 0) > 0, system);

  const response = await send(free("{ nothing }"), "LEARNER");
  const { errors } = (await response.json()) as FormattedExecutionResult;
  expect.equal("a document that is not valid has the status 400", response.status, 400);
  if (!trusted()) return expect.equal("and a code", errors?.[0]?.extensions?.code, "GRAPHQL_VALIDATION_FAILED");

  expect.equal("because only trusted documents are run", errors?.[0]?.extensions?.code, "DOCUMENT_REQUIRED");
  const unknown = await send({ documentId: `sha256:${"0".repeat(64)}`, variables: {} }, "LEARNER");
  expect.that("an unknown document is refused", (await unknown.text()).includes("DOCUMENT_UNKNOWN"));
  const admin = await send(free("{ __schema { queryType { name } } }"), "ADMIN");
  expect.equal("an admin may send a document of their own", admin.status, 200);
});
