# Two commands do everything on a fresh Debian machine with Go and Node: make demo and make test.

# Packages in which goroutines share something, and the names of the tests that show it. These run a second time, under
# the race detector, which makes SQLite some ten times slower: so a test goes in by its name, TestConcurrent..., and is short.
RACE_PACKAGES := store desk exchange job node web
RACE_TESTS    := Concurrent

race_paths := $(foreach p,$(RACE_PACKAGES),$(if $(wildcard internal/$(p)/*.go),./internal/$(p)/...))
vendor     := internal/web/static/vendor/tabler.min.css
dev_pg     := $(or $(TMPDIR),/tmp)/liandong-pg
FUZZ_TIME  ?= 10s

# Texts that triage is trained and measured on and that are not part of the repository: docs/triage.md.
DATA       ?= /work/shared/data

.PHONY: help demo test build assets lint fmt fuzz torture bench microbench docs model eval pg pg-stop setup

help: ## says what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-10s %s\n", $$1, $$2 }'

demo: build ## runs the product on sample data: one 12345 platform and one 110 platform, on this machine
	bin/liandong demo --ready bin/demo.json $(DEMO)

test: setup $(vendor) ## runs every test, both engines and the browser; installs what they need
	@scripts/with-pg $(MAKE) --no-print-directory tests

# What test runs once its server is there. The test runner has the last word: the race detector goes first.
.PHONY: tests
tests:
	$(if $(race_paths),CGO_ENABLED=1 go test -race -run '$(RACE_TESTS)' -count=1 -p 2 -timeout 10m $(race_paths))
	CGO_ENABLED=0 go test -count=1 -p 2 -timeout 25m ./...

build: $(vendor) ## makes bin/liandong, one file without C
	CGO_ENABLED=0 go build -trimpath -o bin/liandong ./cmd/liandong

$(vendor): package-lock.json scripts/assets scripts/assets.sum
	@scripts/assets

assets: ## fetches the pages' third-party files and checks that they are the known ones
	@scripts/assets

lint: ## what must hold before a change is sent, see docs/lint.md
	@scripts/lint

fmt: ## formats the Go files
	gofmt -s -w cmd internal

fuzz: $(vendor) ## runs each fuzz test for FUZZ_TIME (10s)
	@scripts/fuzz $(FUZZ_TIME)

torture: setup $(vendor) ## runs the fault tests long: kills and broken networks, not for every change
	LIANDONG_TORTURE=1 scripts/with-pg go test -count=1 -v -run 'TestKilledNodes|TestDisturbed|TestWeekDown|TestOurNodeConforms' -timeout 0 ./cmd/liandong ./internal/exchange

bench: setup build ## measures the product against what this machine can do, as ratios; BENCH="-only intake" measures a part
	scripts/with-pg go run ./bench $(BENCH)

microbench: setup $(vendor) ## runs the Go benchmarks of single functions
	scripts/with-pg go test -run '^$$' -bench . -benchmem -p 1 -timeout 0 ./...

docs: ## writes the generated pages anew
	go run ./internal/leg/gen

model: ## trains the model of triage anew from the texts in DATA, see docs/triage.md
	CGO_ENABLED=0 go run ./internal/triage/train -data $(DATA)

eval: ## measures triage on the judged texts in DATA, by cross-validation
	CGO_ENABLED=0 go run ./internal/triage/eval -data $(DATA)

pg: setup ## starts a PostgreSQL for go test by hand and prints the line that tells go test of it
	@echo "export LIANDONG_TEST_PG='$$(scripts/pg start $(dev_pg))'"

pg-stop: ## stops it and forgets its data
	@scripts/pg stop $(dev_pg)

setup: ## installs what the tests need, saying what and why; nothing when it is all there
	@scripts/setup
