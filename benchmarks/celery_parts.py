"""How many parts of a chord Celery's own backend stores and counts in a second."""
import sys
import time
import uuid

from celery import Celery
from celery.app.task import Context

url, count = sys.argv[1], int(sys.argv[2])
app = Celery("parts", backend=url, broker="memory://")
backend = app.backend
group, body = str(uuid.uuid4()), {"task": "body", "args": [], "kwargs": {}, "options": {"task_id": str(uuid.uuid4())}}
backend.set_chord_size(group, count + 1)
ids = [str(uuid.uuid4()) for _ in range(count)]
begin = time.perf_counter()
for index, task_id in enumerate(ids):
    request = Context(id=task_id, group=group, group_index=index, chord=body)
    backend.mark_as_done(task_id, "x" * 100, request)
print(count / (time.perf_counter() - begin))
