"""Workers of Celery's that die at a named step of returning a part of a chord.

Each line of standard input starts one at a queue of its own, each line of standard output tells that one has died. They are
forked from this process, which has loaded Celery already, and end with it.
"""

import json
import os
import select
import signal
import sys
import threading
import time

import celery.apps.worker
import celery.bin.worker
import celery.concurrency.solo
import kombu.transport.redis
from celery.backends.redis import RedisBackend
from celery.canvas import Signature
from celery.result import GroupResult

import tasks  # noqa: F401  (shared by all applications)
from app import make_app


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(owner, name):
    method = getattr(owner, name)

    def call(*args, **kwargs):
        method(*args, **kwargs)
        die()

    setattr(owner, name, call)


STEPS = {
    "storing": lambda: setattr(RedisBackend, "store_result", die),
    "counting": lambda: setattr(RedisBackend, "on_chord_part_return", die),
    # What follows for the part that makes the chord complete, and the end of it for any other.
    "counted": lambda: (setattr(GroupResult, "restore", die), die_after(RedisBackend, "on_chord_part_return")),
    "read": lambda: setattr(RedisBackend, "_unpack_chord_result", die),
    "publishing": lambda: setattr(Signature, "delay", die),
    "published": lambda: die_after(Signature, "delay"),
    "over": lambda: die_after(RedisBackend, "on_chord_part_return"),
}


def work(settings, queue, step):
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    STEPS[step]()
    app = make_app("interop", settings)
    app.worker_main(
        [
            "worker",
            "--pool=solo",
            "--loglevel=CRITICAL",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            f"--queues={queue}",
            f"--hostname={queue}@interop",
        ]
    )


def end_with_parent(parent):
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def say(message):
    os.write(1, json.dumps(message).encode() + b"\n")


def started(line):
    order = json.loads(line)
    process = os.fork()
    if process == 0:
        try:
            work(**order["args"])
        finally:
            os._exit(1)
    return process, order["number"]


def answer(number, status):
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        say({"number": number, "answer": None})
    else:
        error = {"type": "Survivor", "text": f"the worker ended with {status}"}
        say({"number": number, "error": error, "trace": ""})


def main():
    lines = open(0, "rb", buffering=0)
    running = {}
    while True:
        if select.select([lines], [], [], 0.02)[0]:
            line = lines.readline()
            if not line:
                return
            process, number = started(line)
            running[process] = number
        while running:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                break
            answer(running.pop(process), status)


if __name__ == "__main__":
    main()
    sys.exit()
