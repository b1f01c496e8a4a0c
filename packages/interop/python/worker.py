"""A real Celery worker. It ends with its standard input."""

import json
import os
import sys
import threading

from celery.signals import worker_ready

from app import make_app

settings = json.loads(os.environ["INTEROP_SETTINGS"])
app = make_app("interop", settings)
import tasks  # noqa: E402, F401  (its tasks belong to the application above)


@worker_ready.connect
def tell(**_):
    # Past Celery, which takes standard output for its log.
    os.write(1, b'{"event": "ready"}\n')


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
app.worker_main(
    [
        "worker",
        "--pool=threads",
        "--concurrency=32",
        "--loglevel=WARNING",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        f"--hostname={os.environ['INTEROP_HOSTNAME']}@interop",
    ]
)
