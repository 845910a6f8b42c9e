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
const options = JSON.parse(document.getElementById("options").textContent);
YogaGraphiQL.renderYogaGraphiQL(document.getElementById("root"), options);
