"""A sandbox as a process, a folder, and the connection that leads a task to both."""

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx

HEADER = "Nom,E-mail,Téléphone"


def people(count, first=1):
    """Return `count` invented customers as lines of a CSV file."""
    names = ("Abena", "Biya", "Caro", "Dibango", "Ekani", "Fotso", "Gueye", "Hamidou")
    return [
        f"{names[n % 8]} {names[n // 8 % 8]}son {names[n // 64 % 8]}te,"
        f"person{n:04d}@example.com,+2376{7 + n // 100 % 3}00000{n % 100:02d}"
        for n in range(first, first + count)
    ]


def bad(count):
    """Return `count` lines in which everything is wrong."""
    return [f"X{n},no address {n},12" for n in range(count)]


def xcom(run, task, map_index=-1, key="return_value"):
    """Return what a task left."""
    ti = run.get_task_instance(task, map_index=map_index)
    return ti.xcom_pull(task_ids=task, map_indexes=map_index, key=key)


class World:
    """What a test of a task stands on."""

    def __init__(self, folder: Path, monkeypatch, *, customers=0, payments=0, **extra):
        self.folder = folder
        self.runs = folder / "runs"
        self.inbox = folder / "inbox"
        self.inbox.mkdir()
        port = folder / "port"
        self._server = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "sandbox", "--port-file", str(port),
             "--seed-customers", str(customers), "--payments-per-customer", str(payments)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 60
        while not port.exists() or not port.read_text().strip():
            assert time.monotonic() < until, "the sandbox does not start"
            time.sleep(0.02)  # another process works, and tells nobody
        self.url = f"http://127.0.0.1:{port.read_text().strip()}"
        self.extra = {
            "rate": "off",
            "runs_dir": str(self.runs),
            "exports_dir": str(folder / "exports"),
            "settle_seconds": 0,
        } | extra
        self.connection = json.dumps(
            {
                "conn_type": "notchpay",
                "host": self.url,
                "password": "pk_test.airflow",
                "extra": self.extra,
            }
        )
        monkeypatch.setenv("AIRFLOW_CONN_NOTCHPAY_DEFAULT", self.connection)

    def close(self):
        """End the sandbox."""
        self._server.terminate()
        self._server.wait(20)

    def file(self, lines, name="customers.csv"):
        """Write a customer file into the drop folder; return its path."""
        path = self.inbox / name
        path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
        return path

    def emails(self):
        """Return the e-mail of every customer of the sandbox, sorted, also twice."""
        found, page = [], 1
        with httpx.Client(
            base_url=self.url, headers={"Authorization": "pk_test.airflow"}
        ) as client:
            while True:
                answer = client.get("/customers", params={"limit": 100, "page": page})
                items = answer.json()["items"]
                found += [item["email"] for item in items if item["email"]]
                if len(items) < 100:
                    return sorted(found)
                page += 1

    def summaries(self, command="import"):
        """Return the summaries of the runs of `command`, oldest first."""
        told = [
            json.loads(p.read_text()) for p in sorted(self.runs.glob("*/summary.json"))
        ]
        return [one for one in told if one["command"] == command]
