"""`python -m tests.cluster.full FOLDER OUT`: a folder's rows on a Ray whose processors are all taken by others."""

import sys

import detector.cluster.scoring
from detector.cluster.machines import connected, load_ray
from tests.rows import run

if __name__ == "__main__":
    detector.cluster.scoring._START_S = 2
    with connected(cpus=1) as machines:

        class Other:
            """What holds processors and does not let go."""

        ray = load_ray()
        other = ray.remote(num_cpus=machines.cpus)(Other).remote()
        ray.get(other.__ray_ready__.remote())
        error = run("detect", sys.argv[1], "--runner", "ray", "--out", sys.argv[2]).exception
    sys.exit(f"{type(error).__name__}: {error}")
