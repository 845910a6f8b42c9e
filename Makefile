# Run `make help`. Everything here also works without make: the commands are short.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export CGO_ENABLED := 1

bin := bin/rubrica
# Where go.mod says nothing of a tool, its version is here.
golangci_lint := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
gotestsum := go tool gotestsum --format pkgname --format-hide-empty-pkg
testpg := go run ./internal/pgtest/cmd/testpg
# Called from clients/.
withnode := go run ../internal/provision/cmd/withnode
# Everything a program of ours could do that depends on the version of Postgres.
postgres16 := $(foreach p,migrations internal/database jobs internal/submission internal/progress rag internal/e2e,$(if $(wildcard $(p)/*_test.go),./$(p)))

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## Set up what is missing, then serve the API and score, until Ctrl-C.
	@exec $(bin) serve

.PHONY: demo
demo: build ## Submit an essay to the running server and show what comes of it (file=essay.txt question=slug sample=strong|middling|weak).
	@$(bin) demo $(if $(file),--file='$(file)') $(if $(question),--question='$(question)') $(if $(sample),--sample='$(sample)')

.PHONY: test
test: setup browser ## Test everything on Postgres 18, and what depends on its version on 16 too.
	@scripts/test.sh

.PHONY: fuzz
fuzz: setup ## Send made-up operations of every role to a seeded server (operations=100000 seed=1).
	FUZZ_OPERATIONS=$(or $(operations),100000) FUZZ_SEED=$(or $(seed),1) $(testpg) -- go test -count=1 -v -timeout 30m -run TestNothingBreaks ./graph

.PHONY: test-16
test-16: setup ## Test what depends on the version of Postgres, on 16.
	$(testpg) -version 16 -- $(gotestsum) -- $(postgres16)

.PHONY: clients
clients: setup ## Run the client programs (Apollo, Relay, graphql-ws, …) and the audits against a server of their own.
	@scripts/clients.sh

.PHONY: kill-test
kill-test: setup ## Kill the server with essays in flight, again and again (kills=50), and count what is lost or doubled.
	E2E_KILLS=$(or $(kills),50) $(testpg) -- go test -count=1 -v -timeout 30m -run TestKilledProcessLosesNothing ./internal/e2e

.PHONY: setup
setup: build ## Fetch Postgres, pgvector, ONNX Runtime and a table of English words, pinned by SHA-256.
	@$(bin) setup

.PHONY: build
build: tools ## Build bin/rubrica.
	@test -x $(bin) || echo "rubrica: compiling; the first time takes some minutes"
	@go build -o $(bin) ./cmd/rubrica

.PHONY: tools
tools:
	@scripts/tools.sh

.PHONY: browser
browser:
	@scripts/tools.sh browser

.PHONY: lint
lint: tools ## Run golangci-lint.
	go run $(golangci_lint) run ./...

clients/node_modules/.installed: clients/package-lock.json
	cd clients && $(withnode) npm ci && cp package-lock.json node_modules/.installed

.PHONY: lint-schema
lint-schema: build clients/node_modules/.installed ## Hold the contract against graphql-eslint's rules and against its last release.
	@cd clients && $(withnode) npm test --silent --workspace @rubrica/lint

.PHONY: schema-release
schema-release: build clients/node_modules/.installed ## Write the contract down as that of a release (version=1.2.0).
	@cd clients && $(withnode) npm run --silent --workspace @rubrica/lint release -- '$(version)'

.PHONY: generate
generate: tools ## Regenerate the models and the API's executor.
	go generate ./ent
	go run ./graph/internal/gen

.PHONY: docs
docs: ## Write docs/api.md from the SDL and the examples.
	go run ./internal/apidoc

.PHONY: docs-check
docs-check: ## Fail when docs/api.md is not current (a test says so too).
	go run ./internal/apidoc -check

.PHONY: generate-check
generate-check: generate ## Fail when the generated code is not current.
	@git diff --exit-code --stat -- ent graph || { echo "The generated code was not current: commit what make generate wrote." >&2; exit 1; }
	@test -z "$$(git ls-files --others --exclude-standard -- ent graph)" || { git ls-files --others --exclude-standard -- ent graph; echo "Generated files are not committed." >&2; exit 1; }

.PHONY: migration
migration: setup ## Write a migration from the ent schema (name=what_it_does).
	@test -n "$(name)" || { echo "Say what it does: make migration name=add_notes" >&2; exit 1; }
	go run ./internal/migratetool diff '$(name)'

.PHONY: migrate-check
migrate-check: setup ## Fail when the migrations differ from the ent schema.
	go run ./internal/migratetool check

.PHONY: seed-check
seed-check: build ## Check the seed files.
	@$(bin) seed --check --folder seeds

.PHONY: bench
bench: bench-go bench-screen bench-retrieval ## Run the Go benchmarks, the screen query against its peers, and the search over 100 000 passages.

.PHONY: bench-go
bench-go: setup ## Run the Go benchmarks.
	$(testpg) -- go test -run '^$$' -bench . -benchtime 3x ./...

.PHONY: bench-recommend
bench-recommend: setup ## Count whole recommendations a second from warm neighbours on one core, and time a refit.
	$(testpg) -- go test -run '^$$' -bench 'Recommend|Refit' -cpu 1,2 -benchtime 2s ./recommend

.PHONY: bench-screen
bench-screen: setup ## The screen query next to PostGraphile and to a server written by hand (rounds=5, length=8s).
	@$(testpg) -- go run ./internal/provision/cmd/withnode -- go run ./bench/screen -rounds $(or $(rounds),5) -length $(or $(length),8s)

.PHONY: bench-retrieval
bench-retrieval: setup ## Latency and recall of the search over 100 000 passages, next to an exact scan (passages=100000 embedded=20000 rounds=5).
	@go run ./bench/retrieval -passages $(or $(passages),100000) -embedded $(or $(embedded),20000) -rounds $(or $(rounds),5)

.PHONY: bench-cost
bench-cost: tools ## Processor time and answer of each request that hurts (graph/internal/hostile).
	go test -run '^$$' -bench Refusal -benchtime 50x ./graph/internal/hostile

.PHONY: bench-embed
bench-embed: setup ## Tokens per second of the embedding model, next to ONNX Runtime's Python binding.
	@$(bin) bench embed

.PHONY: llm-smoke
llm-smoke: setup ## Score samples with a small real language model on this machine, fetched at the first time (count=6).
	@scripts/llm-smoke.sh -count $(or $(count),6) -timeout 10m

.PHONY: bench-stalled
bench-stalled: setup ## What 50 clients that stop reading cost the others: p99, goroutines, memory (rounds=5).
	@$(testpg) -- go run ./bench/stalled -rounds $(or $(rounds),5)

.PHONY: bench-score
bench-score: ## A 300-word answer on one core: read and embedded, scored with reasons and without, suggestions tried, explained.
	@GOMAXPROCS=1 go test ./scoring -run '^$$' -bench 'AnswerOf300Words' -benchtime 2s

.PHONY: latency
latency: build ## Time from submission to scores and to the end, on the running server (count=100).
	@$(bin) bench latency --sample strong --count $(or $(count),100)

.PHONY: clean
clean: ## Remove what was built; data and downloads stay.
	rm -rf bin
