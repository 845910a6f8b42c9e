// Starts GraphiQL with the options that the page carries. The editor's workers are files of this
// server, so that the page needs no blob and no other host.
const workers = {
  editorWorkerService: "/graphiql/editor.worker.js",
  json: "/graphiql/json.worker.js",
  graphql: "/graphiql/graphql.worker.js",
};
self.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_, label) => workers[label] ?? workers.editorWorkerService,
};
const { tokens, as, ...options } = JSON.parse(document.getElementById("options").textContent);

// What GraphiQL keeps in the browser between two visits.
const kept = {
  get: (name) => localStorage.getItem("graphiql:" + name),
  set: (name, text) => (text ? localStorage.setItem("graphiql:" + name, text) : localStorage.removeItem("graphiql:" + name)),
  clear: () => Object.keys(localStorage).filter((k) => k.startsWith("graphiql:")).forEach((k) => localStorage.removeItem(k)),
};

// subject says whose token a text holds.
function subject(text) {
  const claims = /Bearer [\w-]+\.([\w-]+)\./.exec(text ?? "")?.[1];
  try {
    return claims && JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))).sub;
  } catch {
    return undefined;
  }
}
const people = Object.fromEntries(Object.entries(tokens).map(([name, token]) => [subject("Bearer " + token), { name, token }]));

// The tabs of the last visit, with this start's tokens in place of older ones.
function lastTabs() {
  try {
    const state = JSON.parse(kept.get("tabState"));
    for (const tab of state.tabs) {
      const person = people[subject(tab.headers)];
      if (person) tab.headers = tab.headers.replace(/Bearer [\w.-]+/, "Bearer " + person.token);
    }
    return state.tabs.length > 0 ? state : undefined;
  } catch {
    return undefined;
  }
}

const name = (query) => /^(?:query|mutation|subscription)\s+(\w+)/m.exec(query ?? "")?.[1] ?? null;

// The examples as tabs.
function exampleTabs() {
  const tabs = options.defaultTabs.map(({ query, variables = null, headers = null }, i) => ({
    id: "example-" + i,
    title: name(query),
    operationName: name(query),
    response: null,
    query,
    variables,
    headers,
  }));
  return { activeTabIndex: 0, tabs };
}

const state = lastTabs() ?? exampleTabs();
if (as && people[subject(state.tabs[state.activeTabIndex]?.headers)]?.name !== as) {
  const theirs = state.tabs.findIndex((tab) => people[subject(tab.headers)]?.name === as);
  if (theirs >= 0) state.activeTabIndex = theirs;
}
const active = state.tabs[state.activeTabIndex] ?? state.tabs[0];
if (active) {
  kept.set("tabState", JSON.stringify(state));
  for (const part of ["query", "variables", "headers"]) kept.set(part, active[part]);
}

document.getElementById("anew").addEventListener("click", () => {
  kept.clear();
  location.assign("/graphiql");
});

const title = document.title;
YogaGraphiQL.renderYogaGraphiQL(document.getElementById("root"), {
  ...options,
  // Instead of writing the document into the address, from where it would come back as one tab more.
  // It is called when GraphiQL has understood what is in the editor and would run it.
  onEditQuery: (query) => {
    document.title = [name(query), title].filter(Boolean).join(" – ");
  },
});
