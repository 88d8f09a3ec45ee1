# meanstream: `make` alone lists what there is.
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null)
DATE    ?= $(shell date -u +%Y-%m-%dT%H:%M:%SZ)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)
LINT    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
BIN     := bin
ARGS    ?=

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-13s %s\n", $$1, $$2}'

.PHONY: demo
demo: ## the whole river in one process, averages on the console; ARGS='--source file:x.ndjson' and the like
	@CGO_ENABLED=0 go build -ldflags '$(LDFLAGS)' -o $(BIN)/demo ./services/demo
	@exec $(BIN)/demo $(ARGS)

.PHONY: build
build: ## static binaries into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./services/...

.PHONY: test
test: ## vet, unit tests, simulation, and a real Kafka where Docker answers
	go vet ./...
	go vet -tags notransactions ./pkg/kafka/txn
	@docker info >/dev/null 2>&1 && echo "Docker answers: the tests on a real Kafka run" || echo "no Docker engine answers: the tests on a real Kafka are skipped"
	go test -race -pgo=off -shuffle=on -timeout 25m $$(go list ./... | grep -vE '/test/(chaos|secure)$$')
	go test -shuffle=on -timeout 25m ./test/chaos ./test/secure

.PHONY: sim
sim: ## the simulation alone, with more runs drawn from seeds: SEEDS=200
	SEEDS=$(or $(SEEDS),200) go test -count=1 -timeout 6h -run Drawn ./test/sim

.PHONY: mutants
mutants: ## break the code in known ways, and see that a test notices each; ARGS='-only naming -v'
	go run ./test/mutants $(ARGS)

.PHONY: kafka
kafka: ## a lone Kafka on localhost:9092, to work by hand
	docker compose up -d --wait kafka

.PHONY: images
images: ## an image per service; PLATFORM=linux/arm64 for another machine than this
	@for s in generator processor sink; do docker build -f deploy/Dockerfile $(if $(PLATFORM),--platform $(PLATFORM)) --build-arg SERVICE=$$s \
		--build-arg VERSION=$(VERSION) --build-arg COMMIT=$(COMMIT) --build-arg DATE=$(DATE) -t meanstream/$$s:$(VERSION) -t meanstream/$$s:latest . || exit 1; done

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME=30s each
	@for p in $$(go list ./...); do for f in $$(go test -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz'); do \
		echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(FUZZTIME),30s) $$p || exit 1; done; done

.PHONY: bench
bench: ## ours, what others would write, and what no program can do without, on the same records; BROKERS=host:port, or Docker
	@TESTCONTAINERS_RYUK_DISABLED=true go run ./test/bench $(if $(BROKERS),-broker $(BROKERS)) $(ARGS)

.PHONY: bench-peers
bench-peers: ## the same beside Kafka Streams and Flink (need java 17 or later and mvn) and Rust (needs cargo and cc); whoever lacks a tool is left out
	@TESTCONTAINERS_RYUK_DISABLED=true go run ./test/bench -peers -numbers short -repeat 1 -slow 0 $(if $(BROKERS),-broker $(BROKERS)) $(ARGS)

.PHONY: bench-growth
bench-growth: ## how costs grow with partitions, categories, sizes, skew; tables, and plots in docs/plots
	@TESTCONTAINERS_RYUK_DISABLED=true go run ./test/bench -growth docs/plots -only sink,flush,categories,partitions,bytes,skew,codecs,generator -records 12000000 -repeat 1 $(if $(BROKERS),-broker $(BROKERS)) $(ARGS)

.PHONY: bench-fleet
bench-fleet: ## what more replicas bring, how long results stop when one comes or goes, and what a fleet costs that has nothing to do
	@TESTCONTAINERS_RYUK_DISABLED=true go run ./test/bench -growth docs/plots -only replicas,pause,idle -records 1000000 -repeat 1 $(if $(BROKERS),-broker $(BROKERS)) $(ARGS)

.PHONY: bench-latency
bench-latency: ## how long results take under live traffic, as a table and histograms; ARGS=-peers for Kafka Streams and Flink beside it
	@TESTCONTAINERS_RYUK_DISABLED=true go run ./test/bench -latency $(if $(BROKERS),-broker $(BROKERS)) $(ARGS)

.PHONY: microbench
microbench: ## microbenchmarks of every room
	go test -run '^$$' -bench . -benchmem ./pkg/... ./services/processor/worker

.PHONY: profile
profile: ## the profile by which the processor is compiled, taken anew from its path from a fetched batch to an aggregate
	go test -run '^$$' -bench Read -benchtime 4s -cpu 1 -cpuprofile services/processor/default.pgo -o /dev/null ./services/processor/worker

.PHONY: lint
lint: $(BIN)/golangci-lint ## golangci-lint with the rules of .golangci.yml
	$(BIN)/golangci-lint run ./...

$(BIN)/golangci-lint:
	GOBIN=$(CURDIR)/$(BIN) go install $(LINT)

.PHONY: clean
clean: ## what was built
	rm -rf $(BIN)
