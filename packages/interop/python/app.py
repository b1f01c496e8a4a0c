"""Celery applications made of settings in JSON."""

import os

from celery import Celery


def make_app(name, settings):
    if os.environ.get("STORAGE_EMULATOR_HOST"):
        use_google_emulators()
    app = Celery(name, set_as_current=True)
    app.conf.update(settings)
    return app


def use_google_emulators():
    """The emulators know neither lifecycle rules nor time-to-live policies, for which Celery asks before anything else."""
    from celery.backends.gcs import GCSBackend

    GCSBackend._is_firestore_ttl_policy_enabled = lambda self: True
    GCSBackend._is_bucket_lifecycle_rule_exists = lambda self: True
