"""Celery's own client, driven by a program in another language.

Each line of standard input is a command, each line of standard output an answer; commands run side by side. The
program ends with its standard input.
"""

import functools
import importlib
import json
import os
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

from celery import states
from celery.app.task import Context
from celery.canvas import maybe_signature
from celery.result import AsyncResult, GroupResult, result_from_tuple
from kombu.utils import json as typed_json

from app import make_app
from values import ERRORS, READ, STORED, raised

APPS = {}
OUTPUT = threading.Lock()


def say(message):
    with OUTPUT:
        sys.stdout.write(typed_json.dumps(message) + "\n")
        sys.stdout.flush()


def described_error(error):
    return {
        "type": type(error).__qualname__,
        "module": type(error).__module__,
        "args": [shown(arg) for arg in getattr(error, "args", ())],
        "text": str(error),
        "bases": [base.__name__ for base in type(error).__mro__],
    }


def shown(value):
    """A value if the line can carry it, else its repr."""
    try:
        typed_json.dumps(value)
        return value
    except Exception:
        return repr(value)


def described(value):
    return {"error": described_error(value)} if isinstance(value, BaseException) else {"value": shown(value)}


def same(left, right):
    """Equality that also asks for the same types, and takes NaN for itself."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float):
        return repr(left) == repr(right)
    return left == right


class Commands:
    """Every public method is a command; its keyword arguments are those of the line."""

    def __init__(self, app, emit):
        self.app = app
        self.emit = emit

    def store(self, id, state="SUCCESS", value=None, named=None, traceback=None, request=None, children=()):
        result = STORED[named] if named is not None else value
        context = None if request is None else Context(request)
        if context is not None:
            context.children.extend(result_from_tuple(child, self.app) for child in children)
        self.app.backend.store_result(id, result, state, traceback=traceback, request=context)

    def fail(self, id, named, request=None):
        """What a worker does after a task has raised."""
        error, text = raised(ERRORS[named])
        context = None if request is None else Context(request)
        self.app.backend.mark_as_failure(id, error, traceback=text, request=context)

    def encode_failure(self, id, named):
        """As `fail`, but past the filter of the worker for what cannot be pickled."""
        from celery.utils.serialization import get_pickleable_exception

        error, text = raised(ERRORS[named])
        self.app.backend.store_result(id, get_pickleable_exception(error), states.FAILURE, traceback=text)

    def retry(self, id, named=None):
        error, text = (None, None) if named is None else raised(ERRORS[named])
        self.app.backend.mark_as_retry(id, error, traceback=text)

    def revoked(self, id, reason):
        self.app.backend.mark_as_revoked(id, reason)

    def started(self, id, meta):
        self.app.backend.mark_as_started(id, **meta)

    def meta(self, id):
        result = AsyncResult(id, app=self.app)
        meta = dict(self.app.backend.get_task_meta(id))
        meta["result"] = described(meta["result"])
        children = meta.pop("children", None)
        meta["children"] = children if children is None else [result_from_tuple(child, self.app).id for child in children]
        meta["date_parsed"] = None if result.date_done is None else result.date_done.isoformat()
        return meta

    def get(self, id, timeout, propagate=True, caught=None):
        """Waits as an application does. `caught` names the class that its `except` clause has."""
        result = AsyncResult(id, app=self.app)
        self.begin_waiting()
        clause = caught_class(caught)
        try:
            value = result.get(timeout=timeout, propagate=propagate, disable_sync_subtasks=False)
        except clause as error:
            return {"raised": described_error(error), "traceback": result.traceback}
        return {"returned": described(value)}

    def begin_waiting(self):
        """Says so when the backend has looked at what is stored and from then on listens, or polls."""
        consumer = getattr(self.app.backend, "result_consumer", None)
        if consumer is None:
            self.emit("waiting")
            return
        look = type(consumer).on_wait_for_pending.__get__(consumer)

        def look_and_say(*args, **kwargs):
            look(*args, **kwargs)
            self.emit("waiting")

        consumer.on_wait_for_pending = look_and_say

    def matches(self, id, named, timeout=10):
        value = AsyncResult(id, app=self.app).get(timeout=timeout)
        return {"same": same(value, READ[named]), "read": repr(value), "expected": repr(READ[named])}

    def states_until_ready(self, id, timeout):
        """Every state that Celery's own waiter is told of."""
        seen = []
        result = AsyncResult(id, app=self.app)
        self.begin_waiting()
        result.get(timeout=timeout, on_message=lambda meta: seen.append([meta["status"], shown(meta["result"])]))
        return seen

    def save_group(self, id, tree):
        result_from_tuple(tree, self.app).save(backend=self.app.backend)

    def restore_group(self, id):
        group = GroupResult.restore(id, backend=self.app.backend, app=self.app)
        return None if group is None else group.as_tuple()

    def join_group(self, id, timeout, propagate=True):
        group = GroupResult.restore(id, backend=self.app.backend, app=self.app)
        self.begin_waiting()
        return [described(value) for value in group.get(timeout=timeout, propagate=propagate)]

    def delete_group(self, id):
        self.app.backend.delete_group(id)

    def forget(self, id):
        AsyncResult(id, app=self.app).forget()

    def exists(self, id):
        return self.app.backend.get(self.app.backend.get_key_for_task(id)) is not None

    def apply(self, signature, options=None):
        """Starts any canvas that is given as signature data."""
        return maybe_signature(signature, app=self.app).apply_async(**(options or {})).as_tuple()

    def return_part(self, id, chord, index, body, value):
        """What a worker does after it has stored the result of a part."""
        request = Context(id=id, group=chord, group_index=index, chord=body, errbacks=[])
        self.app.backend.on_chord_part_return(request, "SUCCESS", value)

    def revoke(self, id):
        self.app.control.revoke(id)


def caught_class(name):
    if name is None:
        return Exception
    module, _, qualified = name.rpartition(".")
    return getattr(importlib.import_module(module or "builtins"), qualified)


@functools.cache
def app_of(settings):
    """One for all cases of the same settings: each thread of each has a client of the store."""
    return make_app("interop", json.loads(settings))


def serve(line):
    command = json.loads(line)
    number = command["number"]

    def emit(event):
        say({"number": number, "event": event})

    try:
        if command["call"] == "configure":
            APPS[command["app"]] = app_of(json.dumps(command["args"], sort_keys=True))
            answer = None
        else:
            app = APPS[command["app"]]
            app.set_current()  # of this thread: parts of Celery ask for no other
            method = getattr(Commands(app, emit), command["call"])
            answer = method(**command["args"])
        say({"number": number, "answer": answer})
    except BaseException as error:
        say({"number": number, "error": described_error(error), "trace": traceback.format_exc()})


def main():
    with ThreadPoolExecutor(max_workers=128) as pool:
        for line in sys.stdin:
            pool.submit(serve, line)
    # A thread that still waits for a result must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
