#!/usr/bin/env python
"""Django's command-line utility for the project ``daily``."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

# In a project of your own the core app is a package that you install (pip install wire).
WIRE = Path(__file__).resolve().parent.parent / "wire"


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "daily_project.settings")
    sys.path.append(str(WIRE))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
