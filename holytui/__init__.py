"""holytui: long LLM batch jobs that never lose a paid answer."""

__version__ = "0.1.0"
