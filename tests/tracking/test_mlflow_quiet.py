"""Only the tracker's own thread is silenced."""

from __future__ import annotations

import logging
import threading

from automed.tracking.quiet import quiet_here


def test_other_threads_keep_logging(capfd):
    import mlflow  # noqa: F401 - sets up its handlers

    entered, told = threading.Event(), threading.Event()

    def own() -> None:
        with quiet_here():
            logging.getLogger("mlflow.store.db.utils").error("kept back")
            logging.getLogger("urllib3.connectionpool").warning("kept back")
            entered.set()
            told.wait(10)
        logging.getLogger("mlflow.store.db.utils").error("after")

    thread = threading.Thread(target=own)
    thread.start()
    entered.wait(10)
    logging.getLogger("mlflow.store.db.utils").error("from elsewhere")
    told.set()
    thread.join(10)
    shown = capfd.readouterr().err
    assert "kept back" not in shown
    assert "from elsewhere" in shown
    assert "after" in shown
