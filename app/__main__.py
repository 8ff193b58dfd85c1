"""`python -m app` is `cutaway`, where the command is not on the PATH."""

from app.cli import main

main()
