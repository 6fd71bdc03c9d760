# One environment for everything but the documentation, whose tools ask for other versions.
PYTHON ?= python3
DJANGO ?= 5.2
VENV ?= $(if $(filter 5.2,$(DJANGO)),.venv,.venv-$(DJANGO))
DB ?= sqlite3
# A file's tests stay together: many share projects, which take seconds to make.
PYTEST_ARGS ?= -n auto --dist loadfile
# Folders and files to run alone; empty: all.
TESTS ?=
BENCH_ARGS ?=
# How much of Django's tests `make fidelity` runs on the servers; 1: all of them.
PART ?= 0.2
# The split that is drawn for staged core tables, and how much is run of it for each pair of engines.
STAGED_SEED ?= 11
PAIR_PART ?= 0.2
# How many random querysets are compared for each pair.
QUERYSETS ?= 700
# How many kills at random instants `make crashtest` makes, besides those at each step of the protocol; how many faults
# of the network, and losses of a server, for each pair.
KILLS ?= 200
CUTS ?= 40
LOSSES ?= 3
# Such as '--seed 7 --pair mysql/mysql'.
CRASH_ARGS ?=
# How many lines of each case are interrupted; all: every one.
LINES ?= all
INTERRUPTED_PAIRS ?= postgresql/postgresql mariadb/mariadb mysql/mysql sqlite3/postgresql mysql/sqlite3
# Such as '--seed 7 --pair mysql/postgresql'.
FEED_ARGS ?=
# Such as '--packages django-guardian --engines sqlite3 --placements linked'.
PACKAGES_ARGS ?=
# SpatiaLite is an extension of SQLite, and not every Python can load one. Debian's can.
GIS_PYTHON ?= /usr/bin/python3
GIS_VENV ?= .venv-gis
GIS_ENGINES ?= sqlite3 mysql postgresql mariadb
# Those that test-staged and test-pairs go through.
ENGINES ?= sqlite3 mysql mariadb postgresql
# What depends on the engine; the rest of the tests says the same on each.
ENGINE_TESTS := tests/backends tests/checks tests/commands tests/concurrency tests/drift tests/managers tests/migrations \
	tests/names tests/orm tests/orphans tests/state tests/transactions
STAGED_ENGINE_TESTS := tests/staged tests/transactions tests/orphans tests/mirror
STAGED_TESTS := $(STAGED_ENGINE_TESTS) tests/orm tests/managers tests/state

# Absolute: the demo and the benchmark start Python in other folders.
BIN := $(abspath $(VENV))/bin
DOCS := $(VENV)-docs
# Packages that others test with; the project itself is not to depend on any of them.
PACKAGES := $(VENV)-packages
PINS := --requirement requirements/django-$(DJANGO).txt
# Made when something is installed; older than a file of pins, it is installed again.
PACKAGE := $(VENV)/.package-$(DJANGO)
MYSQLCLIENT := $(VENV)/.mysqlclient
MARIADB := $(VENV)/.mariadb
POSTGRESQL := $(VENV)/.postgresql
NEWSROOM := $(VENV)/.newsroom
DEV := $(VENV)/.dev
# What the engine DB needs.
SERVER_sqlite3 :=
SERVER_mysql := $(MYSQLCLIENT) mysql-server
SERVER_mariadb := $(MARIADB)
SERVER_postgresql := $(POSTGRESQL)
SERVER := $(SERVER_$(DB))

.DEFAULT_GOAL := help
.PHONY: help venv lint types test test-sqlite test-mysql test-mariadb test-postgresql test-newest test-all test-staged \
	test-staged-on-servers test-pairs test-gis test-examples test-crash crashtest interruptions test-feed feedtest fidelity fidelity-pairs packages test-wagtail bench \
	docs demo serve clean mysql-server newest-servers
# The steps of one environment wait for each other.
.NOTPARALLEL:

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16
	@echo
	@echo "Variables: PYTHON=$(PYTHON) DJANGO=$(DJANGO) VENV=$(VENV) DB=$(DB) PYTEST_ARGS='$(PYTEST_ARGS)'"

venv: $(DEV) ## make the environment, with the pinned development tools

lint: $(DEV) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .

types: $(DEV) ## mypy
	$(BIN)/mypy

test: lint types test-examples test-crash test-feed test-staged test-sqlite test-mysql test-mariadb test-postgresql ## lint, types, and the tests on every engine

# In CI, all tests run on PostgreSQL with the oldest Django and on SQLite with the newest; else what depends on the engine.
test-sqlite: $(DEV) ## the tests on SQLite
	CAUSEWAY_TEST_ENGINE=sqlite3 $(BIN)/python -m pytest $(PYTEST_ARGS) $(or $(TESTS),$(if $(CI),$(if $(filter 5.2,$(DJANGO)),$(ENGINE_TESTS))))

test-mysql: $(DEV) mysql-server ## the tests on MySQL: a throwaway server, or the one that CAUSEWAY_TEST_MYSQL names
	CAUSEWAY_TEST_ENGINE=mysql $(BIN)/python -m pytest $(PYTEST_ARGS) $(or $(TESTS),$(if $(CI),$(ENGINE_TESTS)))

test-mariadb: $(DEV) ## the tests on MariaDB: a throwaway server, or the one that CAUSEWAY_TEST_MARIADB names
	CAUSEWAY_TEST_ENGINE=mariadb $(BIN)/python -m pytest $(PYTEST_ARGS) $(or $(TESTS),$(if $(CI),$(ENGINE_TESTS)))

test-postgresql: $(DEV) ## the tests on PostgreSQL: a throwaway server, or the one that CAUSEWAY_TEST_POSTGRESQL names
	CAUSEWAY_TEST_ENGINE=postgresql $(BIN)/python -m pytest $(PYTEST_ARGS) $(TESTS)

# The newest versions, as Debian's unstable suite has them; the other targets take what is installed, and MySQL from there.
test-newest: $(DEV) newest-servers ## what depends on the engine, on the newest MySQL, MariaDB and PostgreSQL, linked and staged
	status=0; for target in test-mysql test-mariadb test-postgresql test-staged; do \
		CAUSEWAY_TEST_VERSIONS=newest $(MAKE) --no-print-directory $$target \
			TESTS="$(or $(TESTS),$(ENGINE_TESTS))" ENGINES="mysql mariadb postgresql" || status=1; \
	done; exit $$status

test-all: test test-gis test-pairs crashtest fidelity fidelity-pairs packages test-wagtail ## everything, on every engine and version: hours
	$(MAKE) --no-print-directory test-newest TESTS=tests

# Throwaway servers of each kind, where no variable names one.
SERVERS = $(foreach kind,mysql mariadb postgresql,$(BIN)/python -m tests.servers $(kind) --)

# On a child's engine, with core on the same; what is carried, and what conditions mean, with core on each. The property
# test goes through all pairs.
test-staged: $(DEV) mysql-server ## the tests of staged core tables
	$(SERVERS) $(MAKE) --no-print-directory test-staged-on-servers

# In CI, MySQL stands for MariaDB, too, in what the ORM asks of either.
test-staged-on-servers:
	status=0; for engine in $(ENGINES); do \
		tests="$(STAGED_TESTS)"; if [ "$(if $(CI),$$engine)" = mariadb ]; then tests="$(STAGED_ENGINE_TESTS)"; fi; \
		CAUSEWAY_TEST_PLACEMENT=staged CAUSEWAY_TEST_ENGINE=$$engine \
			$(BIN)/python -m pytest $(PYTEST_ARGS) $$tests || status=1; \
		CAUSEWAY_TEST_ENGINE=$$engine $(BIN)/python -m pytest $(PYTEST_ARGS) tests/placements || status=1; \
	done; exit $$status

test-pairs: $(DEV) mysql-server ## values and random querysets, with core on each engine for each engine of a child
	status=0; for engine in $(ENGINES); do \
		CAUSEWAY_TEST_ENGINE=$$engine $(SERVERS) $(BIN)/python -m pytest $(PYTEST_ARGS) tests/placements || status=1; \
		for core in $(ENGINES); do \
			CAUSEWAY_TEST_PLACEMENT=staged CAUSEWAY_TEST_ENGINE=$$engine CAUSEWAY_TEST_CORE_ENGINE=$$core \
				CAUSEWAY_TEST_QUERYSETS=$(QUERYSETS) $(SERVERS) \
				$(BIN)/python -m pytest $(PYTEST_ARGS) tests/properties || status=1; \
		done; \
	done; exit $$status

# Linked on each engine; then staged, with core on the engine before it. MySQL is not MariaDB's core, nor the other way
# round: no client copies the test databases of both.
test-gis: mysql-server ## the tests of geometry columns, over GeoDjango (GIS_ENGINES='mysql postgresql': on these alone)
	requirements/gis.sh $(GIS_PYTHON) $(GIS_ENGINES)
	$(MAKE) venv VENV=$(GIS_VENV) PYTHON=$(GIS_PYTHON)
	status=0; for engine in $(GIS_ENGINES); do \
		CAUSEWAY_TEST_ENGINE=$$engine $(GIS_VENV)/bin/python -m pytest $(PYTEST_ARGS) tests/gis || status=1; \
	done; \
	core=$(lastword $(GIS_ENGINES)); for engine in $(GIS_ENGINES); do \
		CAUSEWAY_TEST_PLACEMENT=staged CAUSEWAY_TEST_ENGINE=$$engine CAUSEWAY_TEST_CORE_ENGINE=$$core \
			$(GIS_VENV)/bin/python -m pytest $(PYTEST_ARGS) tests/gis/test_geometry.py || status=1; \
		core=$$engine; \
	done; exit $$status

test-examples: $(DEV) ## the tests of the demo and of the documentation's examples
	$(BIN)/python -m pytest $(PYTEST_ARGS) examples/newsroom/tests docs

test-crash: $(DEV) mysql-server ## a sample of crashtest, of under a minute
	$(BIN)/python -m tests.crash --sample $(CRASH_ARGS)

crashtest: $(DEV) mysql-server ## kill processes, servers and connections in the middle of causeway.atomic(), and recover (KILLS=1000: more of them)
	$(BIN)/python -m tests.crash --kills $(KILLS) --cuts $(CUTS) --losses $(LOSSES) $(CRASH_ARGS)
	$(MAKE) --no-print-directory interruptions

# A sample of the lines is part of test-staged.
interruptions: $(DEV) mysql-server ## interrupt causeway.atomic() and recover() at each line that begins or ends transactions (LINES=50: at so many of each case)
	status=0; for pair in $(INTERRUPTED_PAIRS); do \
		CAUSEWAY_TEST_PLACEMENT=staged CAUSEWAY_TEST_ENGINE=$${pair%/*} CAUSEWAY_TEST_CORE_ENGINE=$${pair#*/} \
			CAUSEWAY_TEST_LINES=$(LINES) $(SERVERS) $(BIN)/python -m pytest -n auto --dist load \
			tests/transactions/test_interruptions.py tests/transactions/test_interrupted_recovery.py || status=1; \
	done; exit $$status

fidelity: $(DEV) mysql-server ## Django's own tests with the models in two databases, by a random split (SEED=… for a seed of yours)
	judge="$(BIN)/python -m tests.fidelity.judge --seed $(or $(SEED),$$($(BIN)/python -c 'import random; print(random.randrange(10**6))'))"; \
	status=0; \
	for run in sqlite3 "mysql --part $(PART)" "mariadb --part $(PART)" "postgresql --part $(PART)"; do \
		$$judge --engine $$run || status=1; \
		$$judge --engine $$run --closed || status=1; \
	done; \
	for closed in "" --closed; do \
		$$judge --seed $(STAGED_SEED) --placement staged --engine sqlite3 $$closed || status=1; \
	done; exit $$status

fidelity-pairs: $(DEV) mysql-server ## the same with staged core tables, for every pair of engines (PAIR_PART=1: all of it, an hour)
	seed=$(or $(SEED),$$($(BIN)/python -c 'import random; print(random.randrange(10**6))')); status=0; \
	for engine in $(ENGINES); do for core in $(ENGINES); do for closed in "" --closed; do \
		$(BIN)/python -m tests.fidelity.judge --seed $$seed --placement staged --engine $$engine \
			--core-engine $$core --part $(PAIR_PART) $$closed || status=1; \
	done; done; done; exit $$status

packages: $(PACKAGES)/.installed ## the test suites of third-party packages with their models in two databases: hours (PACKAGES_ARGS: less)
	$(PACKAGES)/bin/python -m tests.packages.judge $(PACKAGES_ARGS)

# The plugin of asyncio is for other suites.
test-wagtail: $(PACKAGES)/.installed ## two sites of Wagtail over one core, and a day of their editors (ENGINES=sqlite3: on this alone)
	status=0; for placement in linked staged; do for engine in $(filter-out mysql,$(ENGINES)); do \
		CAUSEWAY_TEST_PLACEMENT=$$placement CAUSEWAY_TEST_ENGINE=$$engine \
			$(PACKAGES)/bin/python -m pytest -p no:asyncio tests/packages/wagtail_sites || status=1; \
	done; done; exit $$status

bench: $(PACKAGE) mysql-server $(MARIADB) $(POSTGRESQL) ## compare with Django alone: prints ratios
	$(BIN)/python benchmarks/run.py $(BENCH_ARGS)

docs: $(DOCS)/.installed ## build the documentation into docs/_build
	$(DOCS)/bin/python -m sphinx --fail-on-warning --keep-going --fresh-env -b html docs docs/_build/html

demo: $(PACKAGE) $(NEWSROOM) $(SERVER) ## the newsroom's story (DB=mysql, mariadb or postgresql: on another engine)
	$(BIN)/python examples/newsroom/demo.py --db $(DB)

serve: $(PACKAGE) $(NEWSROOM) $(SERVER) ## the newsroom's three sites
	$(BIN)/python examples/newsroom/serve.py --db $(DB)

clean: ## remove what these targets made
	rm -rf .venv .venv-* docs/_build build dist .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PACKAGE): pyproject.toml requirements/django-$(DJANGO).txt
	requirements/environment.sh $(PYTHON) $(VENV) --editable . $(PINS)
	touch $@

# Each time: the folder that it is unpacked into may have been emptied.
mysql-server: $(MYSQLCLIENT)
	requirements/mysql.sh $(BIN)/python

newest-servers: $(MYSQLCLIENT) $(POSTGRESQL)
	requirements/unpacked.sh $(BIN)/python mysql mariadb postgresql

$(MYSQLCLIENT): requirements/mysql.txt | $(PACKAGE)
	requirements/mysqlclient.sh $(BIN)/python
	requirements/environment.sh $(PYTHON) $(VENV) --requirement requirements/mysql.txt
	touch $@

$(MARIADB): $(MYSQLCLIENT)
	requirements/mariadb.sh
	touch $@

$(POSTGRESQL): requirements/postgresql.txt | $(PACKAGE)
	requirements/postgresql.sh
	requirements/pgbouncer.sh
	requirements/environment.sh $(PYTHON) $(VENV) --requirement requirements/postgresql.txt
	touch $@

$(NEWSROOM): examples/newsroom/requirements.txt | $(PACKAGE)
	requirements/environment.sh $(PYTHON) $(VENV) --requirement examples/newsroom/requirements.txt
	touch $@

$(DEV): $(PACKAGE) $(MARIADB) $(POSTGRESQL) $(NEWSROOM) requirements/dev.txt requirements/third-party.txt
	requirements/environment.sh $(PYTHON) $(VENV) --requirement requirements/dev.txt \
		--requirement requirements/third-party.txt $(PINS)
	touch $@

$(DOCS)/.installed: pyproject.toml requirements/docs.txt requirements/django-$(DJANGO).txt
	requirements/environment.sh $(PYTHON) $(DOCS) --editable . --requirement requirements/docs.txt $(PINS)
	touch $@

$(PACKAGES)/.installed: pyproject.toml $(wildcard requirements/*.txt) | $(DEV)
	requirements/environment.sh $(PYTHON) $(PACKAGES) --editable . $(PINS) \
		--requirement requirements/packages.txt $(foreach file,dev mysql postgresql,--requirement requirements/$(file).txt)
	touch $@
