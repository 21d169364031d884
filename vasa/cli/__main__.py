"""`python -m vasa.cli`."""

from __future__ import annotations

import sys

from vasa.cli import main

sys.exit(main())
