"""What the worker can do."""

import functools
import json
import time

import redis
from celery import group, shared_task
from celery.signals import task_postrun

from values import ERRORS


@shared_task(name="python.add")
def add(x, y):
    return x + y


@shared_task(name="python.total")
def total(numbers):
    return sum(numbers)


@shared_task(name="python.echo")
def echo(value):
    return value


@shared_task(name="python.fail")
def fail(*args, named="ValueError"):
    raise ERRORS[named]()


@shared_task(name="python.unencodable")
def unencodable():
    return {1, 2}


@shared_task(name="python.ignored", ignore_result=True)
def ignored(value=1):
    return value


@shared_task(bind=True, name="python.retry", max_retries=3, default_retry_delay=1)
def retry(self, times=1):
    if self.request.retries < times:
        # Not at once: what stores RETRY would race with the next attempt, and Celery looks and writes in two steps.
        raise self.retry(exc=ERRORS["ValueError"](), countdown=0.5)
    return self.request.retries


@shared_task(bind=True, name="python.report", track_started=True)
def report(self, steps):
    for step in range(steps):
        self.update_state(state="PROGRESS", meta={"step": step})
    return steps


@shared_task(bind=True, name="python.hold", track_started=True)
def hold(self, value, key, fails=False):
    """Runs until the key appears, so that a test decides when it ends."""
    client = broker(self.app)
    while not client.exists(key):
        time.sleep(0.01)
    if fails:
        raise ERRORS["ValueError"]()
    return value


@shared_task(bind=True, name="python.spawn")
def spawn(self):
    add.delay(1, 2)
    group(add.s(1, 1), add.s(2, 2)).delay()
    return None


@shared_task(bind=True, name="python.grow")
def grow(self, values):
    """Adds a task for each value to the chord that it is part of."""
    for value in values:
        self.add_to_chord(add.s(value, 0))
    return 0


@shared_task(name="python.note")
def note(value, key):
    """Leaves a trace where a test can see it."""
    broker(note.app).rpush(key, json.dumps(value))
    return value


@shared_task(name="python.note_error")
def note_error(task_id, *, key):
    """An error callback. With a second positional argument Celery would call it at once, with other arguments."""
    return note(task_id, key)


@task_postrun.connect
def tell(task, task_id, **_):
    """After everything that the end of a task sets off, its chord among it."""
    broker(task.app).rpush(f"ended-{task_id}", 1)


def broker(app):
    """The Redis behind the queues, whatever the results are kept in."""
    return client_of(app.conf.broker_url)


@functools.cache
def client_of(url):
    return redis.Redis.from_url(url)
