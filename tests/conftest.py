"""Where the fixtures come from; what they do stands in tests/support/."""

import gc
import os
import shutil
import tempfile

import hypothesis

gc.disable()  # until all is imported: nothing of it is garbage

# Before anything of tests.support is imported; test processes that this one starts find it in their environment.
OWN_FOLDER = None if "COMPILED_TEMPLATES" in os.environ else tempfile.mkdtemp(prefix="templates-")
os.environ.setdefault("COMPILED_TEMPLATES", OWN_FOLDER or "")

pytest_plugins = [
    "tests.support.databases",
    "tests.support.application",
    "tests.support.server",
    "tests.support.browser",
]

# No deadline: on a busy machine a slow example is no fault. Explaining a failure runs it a hundred times more.
PHASES = tuple(phase for phase in hypothesis.Phase if phase is not hypothesis.Phase.explain)
hypothesis.settings.register_profile("house", deadline=None, phases=PHASES)
hypothesis.settings.load_profile("house")


def pytest_collection_finish() -> None:
    """A fifth of the computing went into looking through what was imported for garbage, again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(500_000, 10, 20)


def pytest_unconfigure() -> None:
    if OWN_FOLDER:
        shutil.rmtree(OWN_FOLDER, ignore_errors=True)
