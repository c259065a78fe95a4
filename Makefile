# Everything is run from here: `make help` lists it. All paths are relative to
# this file. It works with GNU make from 3.81 on, so also with the one of macOS.

GOLANGCI_LINT_VERSION := v2.15.0
WORKFLOWCHECK_VERSION := v0.6.0
GOVULNCHECK_VERSION   := v1.8.0

GO      ?= go
TOOLS   := .cache/tools
LINT    := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint
WFCHECK := $(TOOLS)/workflowcheck-$(WORKFLOWCHECK_VERSION)/workflowcheck
VULN    := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)/govulncheck

# The modules of the tree. What the server and the contract check need stays out
# of the root's go.mod, so "./..." at the root does not reach them.
NESTED  := dev integrations/github/contract
MODULES := . $(NESTED)

# Packages in which goroutines of ours share state: there the race detector has
# something to find. Elsewhere it would only make the tests slower.
RACE := ./activities/... ./audit/sink ./audit/store ./codec/... ./intake/... ./integrations/... ./internal/... ./workflows/...

# Tests that log in to real servers need their programs, and the race detector
# a C compiler. On a machine without them these tests are left out, and `make
# test` says so at its end; where CI is set they must be there.
PROGRAM_POSTGRES := $(shell command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)
PROGRAM_SLAPD    := $(shell command -v slapd || ls /usr/sbin/slapd 2>/dev/null)
PROGRAM_CC       := $(shell command -v gcc || command -v clang || command -v cc)
LEFT_OUT := $(if $(CI)$(PROGRAM_POSTGRES),,lastday/integrations/postgres lastday/integrations/postgres/postgrestest lastday/audit/store lastday/internal/links) \
            $(if $(CI)$(PROGRAM_SLAPD),,lastday/integrations/ldap lastday/integrations/ldap/ldaptest)
TESTED = $(if $(strip $(LEFT_OUT)),$(filter-out $(LEFT_OUT),$(shell $(GO) list ./...)),./...)
RACED  = $(if $(strip $(LEFT_OUT)),$(filter-out $(LEFT_OUT),$(shell $(GO) list $(RACE))),$(RACE))

FUZZTIME ?= 10s

# The end-to-end tests start this server. They fail without it: a test that
# skips itself proves nothing.
export LASTDAY_TEMPORALD := $(CURDIR)/bin/temporald

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- try it -------------------------------------------------------------------

.PHONY: demo
demo: build bin/demo ## build all and let a contractor leave a sandbox company, told step by step
	@bin/demo story

.PHONY: dev
dev: build bin/demo ## build all and keep server, UI, worker, starter and sandbox company running
	@bin/demo dev

.PHONY: build
build: bin/temporald bin/worker bin/starter bin/lastday ## build worker, starter, lastday and the embedded Temporal server

# go build knows better than make what is out of date, so these always ask it.
.PHONY: bin/temporald bin/demo bin/worker bin/starter bin/lastday
bin/temporald:
	@[ -x bin/temporald ] || echo "building bin/temporald: a Temporal server with its UI; the first time takes about 3 minutes on 2 cores"
	@[ -x bin/temporald ] || [ -n "$$CI" ] || echo "(the names that follow are the packages as they are compiled)"
	@mkdir -p bin
	@if [ -x bin/temporald ] || [ -n "$$CI" ]; then $(GO) build -C dev -ldflags '-s -w' -o ../bin/temporald ./cmd/temporald; \
	else $(GO) build -C dev -v -ldflags '-s -w' -o ../bin/temporald ./cmd/temporald; fi

bin/demo:
	@echo "building bin/demo"
	@mkdir -p bin
	@$(GO) build -C dev -o ../bin/demo ./cmd/demo

bin/worker bin/starter:
	@echo "building $@"
	@mkdir -p bin
	@$(GO) build -o $@ ./$(notdir $@)

bin/lastday:
	@echo "building $@"
	@mkdir -p bin
	@$(GO) build -o $@ ./cmd/lastday

# --- what must be true ----------------------------------------------------------

.PHONY: test
test: vet test-unit test-race test-nested left-out ## vet and all tests, the end-to-end tests with a real server included

.PHONY: left-out
left-out:
	@[ -n "$(CI)$(PROGRAM_POSTGRES)" ] || echo "NOT RUN: the tests against a real PostgreSQL (integrations/postgres, audit/store, internal/links): its programs are not installed (apt-get install postgresql)"
	@[ -n "$(CI)$(PROGRAM_SLAPD)" ] || echo "NOT RUN: the tests against a real OpenLDAP (integrations/ldap): slapd is not installed (apt-get install slapd)"
	@[ -n "$(CI)$(PROGRAM_CC)" ] || echo "NOT RUN: the race detector: there is no C compiler (apt-get install gcc libc6-dev)"

.PHONY: vet
vet: ## go vet in every module
	@for m in $(MODULES); do echo "go vet ($$m)"; $(GO) vet -C "$$m" ./... || exit 1; done

.PHONY: test-unit
test-unit: bin/temporald ## tests of the root module, test/ included (needs and builds bin/temporald)
	$(GO) test -shuffle=on $(TESTED)

.PHONY: test-race
test-race: ## the packages with goroutines of ours under the race detector (needs a C compiler)
	$(if $(CI)$(PROGRAM_CC),CGO_ENABLED=1 $(GO) test -race $(RACED),@echo "NOT RUN: the race detector needs a C compiler")

.PHONY: test-nested
test-nested: ## tests of the nested modules: embedded server, sandbox company, contract check
	@for m in $(NESTED); do echo "go test ($$m)"; $(GO) test -C "$$m" ./... || exit 1; done

.PHONY: lint
lint: $(LINT) ## golangci-lint in every module, by .golangci.yml
	@for m in $(MODULES); do echo "golangci-lint ($$m)"; (cd "$$m" && "$(CURDIR)/$(LINT)" run --config "$(CURDIR)/.golangci.yml" ./...) || exit 1; done

.PHONY: workflowcheck
workflowcheck: $(WFCHECK) ## workflows call nothing that differs in a replay
	$(WFCHECK) -config workflowcheck.config.yaml ./workflows/...

.PHONY: vulncheck
vulncheck: $(VULN) ## known vulnerabilities in what is called (fetches the Go vulnerability database)
	@for m in $(MODULES); do echo "govulncheck ($$m)"; $(VULN) -C "$$m" ./... || exit 1; done

RECORD := $(CURDIR)/.cache/contract/record
.PHONY: contract
contract: ## hold driver and fake of GitHub to the descriptions that GitHub publishes (needs npm)
	@rm -rf "$(RECORD)" && mkdir -p "$(RECORD)"
	$(GO) test ./integrations/github/githubtest -count=1 -run TestRecordingCoversEveryEndpoint -args -record "$(RECORD)"
	$(GO) test ./integrations/github -count=1 -args -record "$(RECORD)"
	$(GO) run -C integrations/github/contract . -record "$(RECORD)" -cache "$(CURDIR)/.cache/contract/cache"
	@rm -rf "$(RECORD)"

.PHONY: tidy-check
tidy-check: ## go.mod and go.sum of every module are as go mod tidy would write them
	@for m in $(MODULES); do echo "go mod tidy -diff ($$m)"; $(GO) mod tidy -C "$$m" -diff || exit 1; done

.PHONY: docs
docs: ## code in the pages compiles and says the truth; links between files lead somewhere
	$(GO) test -count=1 -run 'Doc|Guide|Example' ./integrations/catalog ./integrations/integrationtest ./integrations/hr
	@sh .ci/links

# --- now and then -----------------------------------------------------------------

.PHONY: bench
bench: bin/temporald ## measure lastday and what a leaver costs in each system; BENCH=-quick is only to see that it works
	$(GO) run ./bench -temporald bin/temporald $(if $(findstring -quick,$(BENCH)),,-requests bench/requests.json) $(BENCH)
	$(if $(findstring -quick,$(BENCH)),,$(GO) test ./integrations/catalog -run TestDocs -update)

.PHONY: bench-go
bench-go: ## run all Go benchmarks
	@for p in $$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n1 dirname | sort -u | grep -v '^\./dev'); do \
		$(GO) test -run '^$$' -bench . -benchmem "$$p" || exit 1; done

.PHONY: fuzz
fuzz: ## run every fuzz test for FUZZTIME (default 10s)
	@grep -rn --include='*_test.go' '^func Fuzz' . | sed -E 's|^(.*)/[^/]*:[0-9]+:func (Fuzz[A-Za-z0-9_]*).*|\1 \2|' | sort -u | \
	while read -r dir name; do echo "$$dir $$name"; $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$dir" || exit 1; done

.PHONY: record
record: bin/temporald ## record the histories of the stories in test/ (from released code only; see docs/testing.md)
	@mkdir -p workflows/testdata/history
	$(GO) test -count=1 -run '^TestRecord$$' ./test -args -record "$(CURDIR)/workflows/testdata/history"

.PHONY: fmt
fmt: $(LINT) ## format all Go files
	@for m in $(MODULES); do (cd "$$m" && "$(CURDIR)/$(LINT)" fmt --config "$(CURDIR)/.golangci.yml") || exit 1; done

.PHONY: clean
clean: ## remove what was built here (not Go's own caches)
	rm -rf bin .cache

# --- tools ------------------------------------------------------------------------
# Each in a folder named by its version: a new version is a new file to make.

.PHONY: .cache/tools
.cache/tools: $(LINT) $(WFCHECK) $(VULN)

$(LINT):
	@echo "building golangci-lint $(GOLANGCI_LINT_VERSION), once"
	@GOBIN="$(CURDIR)/$(dir $@)" $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

$(WFCHECK):
	@echo "building workflowcheck $(WORKFLOWCHECK_VERSION), once"
	@GOBIN="$(CURDIR)/$(dir $@)" $(GO) install go.temporal.io/sdk/contrib/tools/workflowcheck@$(WORKFLOWCHECK_VERSION)

$(VULN):
	@echo "building govulncheck $(GOVULNCHECK_VERSION), once"
	@GOBIN="$(CURDIR)/$(dir $@)" $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
