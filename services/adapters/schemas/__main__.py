"""`python -m services.adapters.schemas`: write the JSON Schemas of the topics anew."""

from __future__ import annotations

import sys

from services.adapters.schemas import write_schemas

if __name__ == "__main__":
    for path in write_schemas():
        sys.stdout.write(f"{path.name}\n")
