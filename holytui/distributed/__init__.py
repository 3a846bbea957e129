"""Runs items on other machines: tasks of Celery over Redis, outcomes back over a stream of Redis."""
