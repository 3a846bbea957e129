"""`python -m holytui` is the holytui command."""

from holytui.cli import main

main()
