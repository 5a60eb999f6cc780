"""`python -m tests.cluster.bucket_job FOLDER OUT`: a folder's pictures from bucket to bucket on Ray, rows into OUT."""

import os
import sys
from pathlib import Path

from detector.addresses import Folder
from tests.cluster.bucket import Bucket
from tests.rows import run


def main(pictures: Path, out: Path) -> int:
    with Bucket("pictures") as bucket:
        os.environ.update(bucket.environment())
        there, rows = Folder.at(f"{bucket.address}/in"), Folder.at(f"{bucket.address}/out")
        for path in sorted(path for path in pictures.rglob("*") if path.is_file()):
            there.write(path.relative_to(pictures).as_posix(), path.read_bytes())
        done = run("detect", there.address, "--runner", "ray", "--out", rows.address, catch=False)
        for name in rows.names():
            Folder.at(str(out)).write(name, rows.read(name))
    return done.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
