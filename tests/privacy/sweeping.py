"""Look for people in every byte of a folder, packed or not."""

import io
import sqlite3
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq


def contents(path):
    """Yield every form in which a reader could see a file: raw, unpacked, decoded."""
    raw = path.read_bytes()
    yield raw
    if path.suffix == ".parquet":
        table = pq.read_table(pa.BufferReader(raw))
        yield str(table.to_pylist()).encode()
        yield str(pq.read_metadata(io.BytesIO(raw)).to_dict()).encode()
    elif zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif raw.startswith(b"SQLite format 3"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as con:
            yield "\n".join(con.iterdump()).encode()


def found_in(folder, texts):
    """Return (file, text) for every text that stands in a file below `folder`."""
    wanted = [(text, text.lower().encode()) for text in texts]
    return [
        (str(path.relative_to(folder)), text)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
        for content in contents(path)
        for text, raw in wanted
        if raw in content.lower()
    ]
