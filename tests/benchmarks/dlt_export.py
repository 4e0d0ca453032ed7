"""The same two tables by dlt's `rest_api` source; run in an environment of its own."""

import json
import os
import resource
import sys
import time

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

import dlt
from dlt.destinations import filesystem
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from dlt.sources.rest_api import rest_api_source


def table(name):
    return {
        "name": name,
        "endpoint": {"path": name, "params": {"limit": 100}, "data_selector": "items"},
    }


def main(url, folder):
    start, cpu = time.perf_counter(), time.process_time()
    source = rest_api_source(
        {
            "client": {
                "base_url": url,
                "paginator": PageNumberPaginator(base_page=1, total_path="last_page"),
            },
            "resources": [table("customers"), table("payments")],
        }
    )
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=f"{folder}/work",
        destination=filesystem(bucket_url=f"{folder}/out"),
        dataset_name="bench",
    )
    pipeline.run(source, loader_file_format="parquet")
    seconds = time.perf_counter() - start
    counts = pipeline.last_trace.last_normalize_info.row_counts
    told = {
        "seconds": seconds,
        "cpu_seconds": time.process_time() - cpu,
        "rows": counts["customers"] + counts["payments"],
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
