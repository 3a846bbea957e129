"""`python -m holytui` is the holytui command."""

from holytui.cli.group import main

main()
