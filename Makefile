# jailsh. `make` alone lists the targets.

GO ?= $(or $(shell command -v go),/usr/local/go/bin/go)
FUZZTIME ?= 20s

PROGRAMS = jailshd jailsh-net jailsh-init jailsh-applet jailsh jailsh-probe

# The commit is stamped into the programs, for `jailsh version`. Git refuses to
# tell it to root when the checkout is somebody else's: then they go without.
BUILDVCS = $(shell git status --porcelain >/dev/null 2>&1 && echo auto || echo false)

export GO FUZZTIME

.DEFAULT_GOAL = help
.PHONY: help build run test lint fmt bench fuzz cover ci clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the six programs, static, in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=$(BUILDVCS) -ldflags=-s -o bin/ $(PROGRAMS:%=./cmd/%)

run: build ## an instance in run/ on 127.0.0.1:2222, and the command that logs in
	@scripts/run.sh

test: build ## all tests, with the race detector; installs what they need
	@scripts/test.sh

lint: ## format, go vet, staticcheck, golangci-lint
	@scripts/lint.sh

fmt: ## format all Go files
	find . -path ./run -prune -o -name '*.go' -print0 | xargs -0 $(GO) tool -modfile=tools/go.mod gofumpt -w

bench: build ## ratios to Debian's openssh-server, measured in the same run
	@scripts/bench.sh

fuzz: ## each fuzz target for FUZZTIME (20s)
	@scripts/fuzz.sh

cover: build ## coverage of the tests, as cover.html
	@scripts/test.sh -coverpkg=./... -coverprofile=cover.out ./...
	$(GO) tool cover -html=cover.out -o cover.html
	@$(GO) tool cover -func=cover.out | tail -n 1

ci: ## what CI runs: test and lint
	@.ci/run

clean: ## remove what was built; run/ is kept
	rm -rf bin cover.out cover.html
