"""Rows a second of reading, by hand: `python -m tests.read.speed [ROWS] [xlsx]`."""

import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from pipeline.read import open_source

HEADER = "id,first,last,email,phone,country,city,street,zip,amount,date,note"


def line(number, pick):
    street = f'"Rue {number % 100}, Bonapriso"' if number % 3 == 0 else "Rue 5"
    last = "Dupond é" if number % 7 == 0 else "Smith"
    return (
        f"{number},Jean{number % 999},{last},user{number}@example.com,"
        f"+2376700000{number % 100:02},CM,Douala,{street},00{number % 999},"
        f"{pick.randrange(10**6)},2024-01-02,n/a\r\n"
    )


def write_csv(path, rows):
    pick = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as stream:
        stream.write(HEADER + "\r\n")
        stream.writelines(line(number, pick) for number in range(rows))


def write_xlsx(path, rows):
    import xlsxwriter

    pick = random.Random(1)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, HEADER.split(","))
        for number in range(rows):
            cells = line(number, pick).strip().replace('"', "").split(",")[:12]
            cells[4] = int(cells[4])
            sheet.write_row(number + 1, 0, cells)


def measure(path):
    """Return rows, wall seconds, CPU seconds here and in children, peak MiB."""
    wall, cpu = time.perf_counter(), time.process_time()
    with open_source(str(path)) as source:
        rows = sum(len(chunk) for chunk in source.chunks())
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "rows": rows,
        "wall": round(time.perf_counter() - wall, 2),
        "cpu": round(time.process_time() - cpu, 2),
        "child_cpu": round(children.ru_utime + children.ru_stime, 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "child_mib": children.ru_maxrss >> 10,
    }


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    kind = sys.argv[2] if len(sys.argv) > 2 else "csv"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"speed.{kind}"
        (write_xlsx if kind == "xlsx" else write_csv)(path, rows)
        for _ in range(2):
            found = measure(path)
            print(found, f"{found['rows'] / found['wall']:,.0f} rows/s")


if __name__ == "__main__":
    main()
