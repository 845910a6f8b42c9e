// A Relay environment over fetch and graphql-ws. Documents are sent as text, or by the ids that relay-compiler
// gave them.
import { createClient } from "graphql-ws";
import {
  Environment,
  type GraphQLResponse,
  Network,
  Observable,
  RecordSource,
  type RequestParameters,
  Store,
  type Variables,
} from "relay-runtime";
import { httpUrl, signedIn, trusted, webSocketUrl } from "@rubrica/support";

function body(operation: RequestParameters, variables: Variables): Record<string, unknown> {
  return trusted() ? { doc_id: operation.id, variables } : { query: operation.text, operationName: operation.name, variables };
}

async function fetchOnce(operation: RequestParameters, variables: Variables): Promise<GraphQLResponse> {
  const response = await fetch(httpUrl(), {
    method: "POST",
    headers: { ...signedIn("LEARNER"), "Content-Type": "application/json", Accept: "application/graphql-response+json" },
    body: JSON.stringify(body(operation, variables)),
  });
  return (await response.json()) as GraphQLResponse;
}

const socket = createClient({ url: webSocketUrl(), connectionParams: signedIn("LEARNER") });

function subscribe(operation: RequestParameters, variables: Variables): Observable<GraphQLResponse> {
  return Observable.create((sink) =>
    socket.subscribe({ query: "", ...body(operation, variables) }, {
      next: (result) => sink.next(result as GraphQLResponse),
      error: (error) => sink.error(error instanceof Error ? error : new Error(JSON.stringify(error))),
      complete: () => sink.complete(),
    }),
  );
}

export const environment = new Environment({
  network: Network.create(fetchOnce, subscribe),
  store: new Store(new RecordSource()),
});

/** Closes what the environment holds open. */
export const close = (): void | Promise<void> => socket.dispose();
