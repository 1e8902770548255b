"""Run by `torchrun --nproc_per_node 2`: train with a curriculum, then write each rank's state of it to a file."""

import json
import os
import sys
from pathlib import Path

from curriculum_testbed import curriculum_trainer

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    run, _ = curriculum_trainer(folder)
    run.train()
    (folder / f"rank-{os.environ['RANK']}.json").write_text(json.dumps(run.curriculum.state()))
