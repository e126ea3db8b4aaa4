"""`python -m excise`."""

from excise.cli.main import main

raise SystemExit(main())
