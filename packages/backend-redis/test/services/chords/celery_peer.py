"""Celery's own Redis backend, told by lines of JSON what to do. What it would publish goes into a list in Redis."""
import json
import os
import sys

from celery import Celery, canvas, states
from celery.app.task import Context

url, ordered = sys.argv[1], sys.argv[2] == "ordered"
app = Celery("peer", backend=url, broker="memory://")
app.conf.update(result_backend_transport_options={"result_chord_ordered": ordered, **json.loads(sys.argv[3])})
backend = app.backend
dies = {"before delay": False}


def publish(signature, *args, **_):
    if dies["before delay"]:
        os._exit(9)
    told = {"id": signature.options.get("task_id"), "task": signature.task, "args": list(args)}
    backend.client.rpush("fired:" + signature.options["task_id"], json.dumps(told))


def fail(callback, exc=None, **_):
    told = {"id": callback.options.get("task_id"), "error": str(exc)}
    backend.client.rpush("fired:" + callback.options["task_id"], json.dumps(told))


canvas.Signature.delay = publish
backend.chord_error_from_stack = fail


def part(order):
    request = Context(
        id=order["id"], group=order["chord"], group_index=order.get("index"), chord=order["body"], errbacks=[]
    )
    if order.get("dies"):
        dies["before delay"] = True
    if "error" in order:
        error = ValueError(order["error"])
        backend.mark_as_failure(order["id"], error, traceback=None, request=request, call_errbacks=False)
    else:
        backend.mark_as_done(order["id"], order["result"], request, store_result=order.get("stores", True))


def perform(order):
    if order["do"] == "part":
        part(order)
    elif order["do"] == "size":
        backend.set_chord_size(order["chord"], order["size"])
    elif order["do"] == "add":
        backend.add_to_chord(order["chord"], app.AsyncResult(order["id"]))
    elif order["do"] == "apply":
        header = app.GroupResult(order["chord"], [node_of(node) for node in order["header"]])
        backend.apply_chord((header.id, header.results), None)


def node_of(node):
    if isinstance(node, str):
        return app.AsyncResult(node)
    return app.GroupResult(node["id"], [node_of(member) for member in node["members"]])


for line in sys.stdin:
    orders = json.loads(line)
    try:
        for order in orders:
            perform(order)
        answer = {}
    except Exception as error:  # noqa: BLE001 -- whatever it is, the test shall see it
        answer = {"problem": repr(error)}
    print(json.dumps(answer), flush=True)

os._exit(0)  # nothing of the connections is worth a goodbye
